using System.Buffers.Binary;
using LakePortal.Ingestion.Sources.Postgres.Wire;

namespace LakePortal.Ingestion.Sources.Postgres;

/// <summary>A connection that reads a logical replication slot. Reading blocks, by one thread; acknowledging may come from another.</summary>
internal interface ILogConnection : IAsyncDisposable
{
    /// <param name="slot">Slot with the plug-in pgoutput.</param>
    /// <param name="from">Transactions that end before it are not sent again; the server never goes back behind what was acknowledged.</param>
    /// <param name="publication">Its tables are sent.</param>
    void Start(string slot, LogPosition from, string publication);

    /// <summary>Waits for what is next.</summary>
    /// <param name="data">The message; valid until the next call.</param>
    /// <param name="end">Keepalive: the position to which all was sent.</param>
    LogData Read(out ReadOnlySpan<byte> data, out LogPosition end);

    /// <summary>Says to where everything is safe: the server forgets the log before it.</summary>
    void Acknowledge(LogPosition safe);
}

/// <summary>By our own client: messages are cut out of a large buffer.</summary>
internal sealed class WireLogConnection(WireConnection connection) : ILogConnection
{
    private const int DataHeader = 25;
    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public void Start(string slot, LogPosition from, string publication) =>
        connection.StartReplication($"START_REPLICATION SLOT {PgSql.Quote(slot)} LOGICAL {from} ({LogOptions.For(publication)})");

    public LogData Read(out ReadOnlySpan<byte> data, out LogPosition end)
    {
        while (true)
        {
            var message = connection.ReadLog();
            if (message[0] == (byte)'w' && message.Length > DataHeader)
            {
                data = message[DataHeader..];
                end = default;
                return LogData.Message;
            }

            if (message[0] == (byte)'k' && message.Length >= 18)
            {
                data = default;
                end = new LogPosition(BinaryPrimitives.ReadUInt64BigEndian(message[1..]));
                return LogData.Keepalive;
            }
        }
    }

    public void Acknowledge(LogPosition safe)
    {
        Span<byte> status = stackalloc byte[34];
        status[0] = (byte)'r';
        BinaryPrimitives.WriteUInt64BigEndian(status[1..], safe.Value);
        BinaryPrimitives.WriteUInt64BigEndian(status[9..], safe.Value);
        BinaryPrimitives.WriteUInt64BigEndian(status[17..], safe.Value);
        BinaryPrimitives.WriteInt64BigEndian(status[25..], (TimeProvider.System.GetUtcNow() - Epoch).Ticks / TimeSpan.TicksPerMicrosecond);
        status[33] = 0;
        connection.WriteLog(status);
    }

    public ValueTask DisposeAsync()
    {
        connection.Dispose();
        return ValueTask.CompletedTask;
    }
}

internal static class LogOptions
{
    public static string For(string publication) =>
        $"proto_version '1', publication_names {PgSql.Literal(PgSql.Quote(publication))}, messages 'true'";
}
