using LakePortal.Ingestion.Sources.Postgres.Wire;
using Npgsql;

namespace LakePortal.Ingestion.Offload.Reading;

/// <summary>A connection that copies tables out, one after another. Calls block.</summary>
internal interface ICopyConnection : IAsyncDisposable
{
    /// <summary>The server process, for pg_cancel_backend.</summary>
    int ProcessId { get; }

    /// <summary>Runs the COPY … TO STDOUT (FORMAT binary) and hands its bytes over, to the end. After an exception the connection is of no more use.</summary>
    void Copy(string sql, Action<StreamRead> consume);
}

/// <summary>By our own client: rows come out of a large buffer.</summary>
internal sealed class WireCopyConnection(WireConnection connection) : ICopyConnection
{
    public int ProcessId => connection.ProcessId;

    public void Copy(string sql, Action<StreamRead> consume)
    {
        connection.BeginCopy(sql);
        consume(connection.ReadCopy);
    }

    public ValueTask DisposeAsync()
    {
        connection.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>By the driver, for what the own client does not speak: verified certificates, Kerberos, sockets in the file system.</summary>
internal sealed class DriverCopyConnection(NpgsqlConnection connection) : ICopyConnection
{
    public int ProcessId => connection.ProcessID;

    public void Copy(string sql, Action<StreamRead> consume)
    {
        using var stream = connection.BeginRawBinaryCopy(sql);
        consume(stream.Read);
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
