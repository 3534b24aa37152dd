using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace LakePortal.Engine.Native;

/// <summary>
/// Appends full chunks to a table of a DuckDB database. DuckDB flushes to the table by itself every 204,800 rows; use a transaction when a
/// failed load must leave the table as it was. One thread at a time, and no other statement on the connection meanwhile.
/// </summary>
public sealed class ChunkAppender : IDisposable
{
    private readonly DuckDB.NET.Native.DuckDBAppender _appender;
    private readonly DuckDBLogicalType[] _types;
    private bool _completed;
    private bool _disposed;

    private ChunkAppender(DuckDB.NET.Native.DuckDBAppender appender, DuckDBLogicalType[] types)
    {
        _appender = appender;
        _types = types;
    }

    public int ColumnCount => _types.Length;

    /// <summary>Rows appended so far.</summary>
    public long Rows { get; private set; }

    /// <param name="connection">Open connection to the database.</param>
    /// <param name="table">Table, its name as it is, not quoted.</param>
    /// <param name="schema">Schema; null: the default one.</param>
    /// <exception cref="NativeCallException">There is no such table.</exception>
    public static ChunkAppender Open(DuckDBConnection connection, string table, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var state = NativeMethods.Appender.DuckDBAppenderCreate(connection.NativeConnection, schema!, table, out var appender);
        if (!state.IsSuccess())
        {
            var detail = ErrorOf(appender);
            appender.Dispose();
            throw new NativeCallException($"Opening an appender for table '{table}'", detail);
        }

        var types = new DuckDBLogicalType[checked((int)NativeMethods.Appender.DuckDBAppenderColumnCount(appender))];
        for (var i = 0; i < types.Length; i++)
        {
            types[i] = NativeMethods.Appender.DuckDBAppenderColumnType(appender, (ulong)i);
        }

        return new ChunkAppender(appender, types);
    }

    /// <summary>A chunk with this table's column types. Make as many as are to be filled at once; they outlive the appender.</summary>
    public DataChunkBuilder CreateChunk()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new DataChunkBuilder(_types);
    }

    /// <summary>Appends the first <paramref name="rows"/> rows of the chunk and empties it for reuse.</summary>
    /// <exception cref="NativeCallException">The chunk's types are not the table's, or a constraint does not hold.</exception>
    public void Append(DataChunkBuilder chunk, int rows)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (rows > 0)
        {
            Check(NativeMethods.Appender.DuckDBAppendDataChunk(_appender, chunk.Seal(rows)), "Appending a chunk");
            Rows += rows;
        }

        chunk.Reset();
    }

    /// <summary>Makes all appended rows part of the table and ends the appender. Without it, rows not yet flushed are dropped on dispose.</summary>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Check(NativeMethods.Appender.DuckDBAppenderFlush(_appender), "Flushing the appender");
        Check(NativeMethods.Appender.DuckDBAppenderClose(_appender), "Closing the appender");
        _completed = true;
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_completed)
        {
            // Destroying an appender flushes what it holds; an abandoned load must not leave its tail in the table. Clearing fails only when there is nothing to clear.
            _ = NativeMethods.Appender.DuckDBAppenderClear(_appender);
        }

        _appender.Dispose();
        foreach (var type in _types)
        {
            type.Dispose();
        }
    }

    private static string ErrorOf(DuckDB.NET.Native.DuckDBAppender appender)
    {
        if (appender.IsInvalid)
        {
            return "the appender could not be created";
        }

        using var error = NativeMethods.Appender.DuckDBAppenderErrorData(appender);
        return error is { HasError: true, Message: { } message } ? message : "no detail was given";
    }

    private void Check(DuckDBState state, string operation)
    {
        if (!state.IsSuccess())
        {
            throw new NativeCallException(operation, ErrorOf(_appender));
        }
    }
}
