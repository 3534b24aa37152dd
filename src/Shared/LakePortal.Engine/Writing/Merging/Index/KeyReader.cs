using DuckDB.NET.Data;
using DuckDB.NET.Native;
using LakePortal.Engine.Native;

namespace LakePortal.Engine.Writing.Merging.Index;

/// <summary>Codes and, where the statement has them, positions of some rows; keys with a null are left out.</summary>
internal delegate void KeyChunk(ReadOnlySpan<KeyCode> codes, ReadOnlySpan<long> positions);

/// <summary>Reads codes out of DuckDB by vectors: a reader that boxes or converts each value would take longer than the scan.</summary>
internal static unsafe class KeyReader
{
    /// <param name="connection">Nothing else may run on it meanwhile.</param>
    /// <param name="sql">SELECT of the parts of the code (<see cref="KeyCoding.Columns"/>), then of a BIGINT position when <paramref name="hasPositions"/>.</param>
    /// <param name="hasPositions">The last column is one.</param>
    /// <param name="take">Gets the rows.</param>
    public static void Read(DuckDBConnection connection, string sql, bool hasPositions, KeyChunk take)
    {
        if (NativeMethods.PreparedStatements.DuckDBPrepare(connection.NativeConnection, sql, out var statement) != DuckDBState.Success)
        {
            using (statement)
            {
                throw new NativeCallException("Reading keys", NativeMethods.PreparedStatements.DuckDBPrepareError(statement));
            }
        }

        using (statement)
        {
            var state = NativeMethods.PreparedStatements.DuckDBExecutePreparedStreaming(statement, out var result);
            try
            {
                if (state != DuckDBState.Success)
                {
                    throw new NativeCallException("Reading keys", NativeMethods.Query.DuckDBResultError(ref result));
                }

                Read(ref result, hasPositions, take);
            }
            finally
            {
                NativeMethods.Query.DuckDBDestroyResult(ref result);
            }
        }
    }

    private static void Read(ref DuckDBResult result, bool hasPositions, KeyChunk take)
    {
        var parts = checked((int)NativeMethods.Query.DuckDBColumnCount(ref result)) - (hasPositions ? 1 : 0);
        var sizes = new int[parts];
        for (var i = 0; i < parts; i++)
        {
            using var type = NativeMethods.Query.DuckDBColumnLogicalType(ref result, i);
            sizes[i] = PhysicalTypes.Size(PhysicalTypes.Of(NativeMethods.LogicalType.DuckDBGetTypeId(type), type));
        }

        var codes = new KeyCode[DataChunkBuilder.Capacity];
        var positions = new long[DataChunkBuilder.Capacity];
        while (true)
        {
            using var chunk = NativeMethods.Query.DuckDBFetchChunk(result);
            if (chunk.IsInvalid)
            {
                var message = NativeMethods.Query.DuckDBResultError(ref result);
                if (!string.IsNullOrEmpty(message))
                {
                    throw new NativeCallException("Reading keys", message);
                }

                return;
            }

            var count = Decode(chunk, sizes, hasPositions, codes, positions);
            take(codes.AsSpan(0, count), hasPositions ? positions.AsSpan(0, count) : []);
        }
    }

    private static int Decode(DuckDBDataChunk chunk, int[] sizes, bool hasPositions, KeyCode[] codes, long[] positions)
    {
        var rows = (int)NativeMethods.DataChunks.DuckDBDataChunkGetSize(chunk);
        var data = stackalloc byte*[sizes.Length];
        var valid = stackalloc ulong*[sizes.Length];
        for (var i = 0; i < sizes.Length; i++)
        {
            var vector = NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, i);
            data[i] = (byte*)NativeMethods.Vectors.DuckDBVectorGetData(vector);
            valid[i] = NativeMethods.Vectors.DuckDBVectorGetValidity(vector);
        }

        var at = hasPositions ? (long*)NativeMethods.Vectors.DuckDBVectorGetData(NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, sizes.Length)) : null;
        var count = 0;
        for (var row = 0; row < rows; row++)
        {
            KeyCode code = default;
            var target = (byte*)&code;
            var offset = 0;
            var isNull = false;
            for (var i = 0; i < sizes.Length; i++)
            {
                isNull |= valid[i] != null && (valid[i][row >> 6] & (1UL << (row & 63))) == 0;
                Buffer.MemoryCopy(data[i] + ((long)row * sizes[i]), target + offset, sizeof(KeyCode) - offset, sizes[i]);
                offset += sizes[i];
            }

            if (!isNull)
            {
                codes[count] = code;
                positions[count++] = at == null ? 0 : at[row];
            }
        }

        return count;
    }
}
