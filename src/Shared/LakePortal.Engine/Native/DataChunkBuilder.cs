using DuckDB.NET.Native;

namespace LakePortal.Engine.Native;

/// <summary>
/// A reusable DuckDB data chunk that is filled column by column or row by row through <see cref="VectorWriter"/>, without boxing. Fill rows
/// 0 to n-1 of every column (a value or null, each once), hand it to <see cref="ChunkAppender.Append"/>, which empties it again. Not safe for use
/// by two threads at once; several chunks may be filled in parallel, and need no connection for that.
/// </summary>
public sealed class DataChunkBuilder : IDisposable
{
    private readonly DuckDBDataChunk _chunk;
    private readonly StringArena _arena = new();
    private readonly VectorWriter[] _columns;
    private bool _disposed;

    internal DataChunkBuilder(IReadOnlyList<DuckDBLogicalType> types)
    {
        var handles = new nint[types.Count];
        for (var i = 0; i < handles.Length; i++)
        {
            handles[i] = types[i].DangerousGetHandle();
        }

        // DangerousGetHandle is sound here: the caller's list keeps the types alive past the call.
        _chunk = NativeMethods.DataChunks.DuckDBCreateDataChunk(handles, (ulong)handles.Length);
        GC.KeepAlive(types);
        if (_chunk.IsInvalid)
        {
            throw new NativeCallException("Creating a data chunk", "a column type is not supported");
        }

        _columns = new VectorWriter[handles.Length];
        for (var i = 0; i < handles.Length; i++)
        {
            var vector = NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk, i);
            _columns[i] = VectorWriter.Create(vector, types[i], _arena, Capacity);
        }
    }

    /// <summary>Rows that a chunk can hold: DuckDB's vector size (2,048).</summary>
    public static int Capacity { get; } = checked((int)NativeMethods.Helpers.DuckDBVectorSize());

    public int ColumnCount => _columns.Length;

    /// <summary>Writer of the column; the same object for the life of the chunk.</summary>
    public VectorWriter this[int column] => _columns[column];

    /// <summary>Forgets every row.</summary>
    public void Reset()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        NativeMethods.DataChunks.DuckDBDataChunkReset(_chunk);
        _arena.Reset();
        for (var i = 0; i < _columns.Length; i++)
        {
            _columns[i].Rebind(NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk, i), Capacity);
        }
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (var column in _columns)
        {
            column.Unbind();
        }

        _chunk.Dispose();
        _arena.Dispose();
    }

    internal DuckDBDataChunk Seal(int rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, Capacity);
        _ = NativeMethods.DataChunks.DuckDBDataChunkSetSize(_chunk, (ulong)rows);
        return _chunk;
    }
}
