using System.Buffers;
using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.Internal;
using NpgsqlTypes;

namespace LakePortal.Ingestion.Sources.Postgres;

/// <summary>By the driver, for what the own client does not speak: verified certificates, Kerberos, sockets in the file system.</summary>
internal sealed class DriverLogConnection : ILogConnection
{
    private readonly LogicalReplicationConnection _connection;
    private readonly CancellationTokenSource _closing = new();
    private IAsyncEnumerator<XLogDataMessage>? _messages;
    private byte[] _buffer = new byte[64 * 1024];

    private DriverLogConnection(LogicalReplicationConnection connection) => _connection = connection;

    public static async Task<ILogConnection> OpenAsync(SourceDefinition source, string connectionString, string settings, CancellationToken cancellationToken)
    {
        // Settings travel in the start-up packet: this connection runs no SQL.
        var options = string.Join(' ', settings.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(s => s["SET ".Length..].Split('=', 2, StringSplitOptions.TrimEntries))
            .Select(p => $"-c {p[0]}={p[1].Trim('\'').Replace(" ", "\\ ", StringComparison.Ordinal)}"));
        var connection = new LogicalReplicationConnection(new NpgsqlConnectionStringBuilder(connectionString) { Options = options }.ConnectionString);
        try
        {
            await connection.Open(cancellationToken);
            return new DriverLogConnection(connection);
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (PostgresErrors.Translate(e, source) is { } translated)
            {
                throw translated;
            }

            throw;
        }
    }

    public void Start(string slot, LogPosition from, string publication)
    {
        var options = new Dictionary<string, string?> { ["proto_version"] = "1", ["publication_names"] = PgSql.Quote(publication), ["messages"] = "true" };
        _messages = _connection.StartLogicalReplication(new PgOutputSlotName(slot), _closing.Token, new NpgsqlLogSequenceNumber(from.Value), options, bypassingStream: false).GetAsyncEnumerator(_closing.Token);
    }

    public LogData Read(out ReadOnlySpan<byte> data, out LogPosition end)
    {
        if (!_messages!.MoveNextAsync().AsTask().GetAwaiter().GetResult())
        {
            throw new NpgsqlException("The server ended the stream of its log.", new EndOfStreamException());
        }

        var stream = _messages.Current.Data;
        var length = checked((int)stream.Length);
        if (_buffer.Length < length)
        {
            _buffer = new byte[length];
        }

        stream.ReadExactly(_buffer.AsSpan(0, length));
        data = _buffer.AsSpan(0, length);
        end = default;
        return LogData.Message;
    }

    public void Acknowledge(LogPosition safe)
    {
        _connection.SetReplicationStatus(new NpgsqlLogSequenceNumber(safe.Value));
        _connection.SendStatusUpdate(_closing.Token).GetAwaiter().GetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _connection.DisposeAsync();
        _closing.Dispose();
    }

    private sealed class PgOutputSlotName(string name) : LogicalReplicationSlot("pgoutput", new ReplicationSlotOptions(name));
}
