using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.C;
using DuckDB.NET.Native;
using LakePortal.Engine.Queries.Analysis;

namespace LakePortal.Engine.Queries.Results;

/// <summary>The streaming result of one statement, chunk by chunk as Arrow batches. Not for several threads at once, except <see cref="Interrupt"/>.</summary>
internal sealed unsafe class ArrowStream : IDisposable
{
    private readonly DuckDBNativeConnection _connection;
    private DuckDBPreparedStatement? _statement;
    private DuckDBResult _result;
    private DuckDBArrowOptions? _options;
    private bool _hasResult;

    private ArrowStream(DuckDBNativeConnection connection) => _connection = connection;

    public Schema Schema { get; private set; } = new([], []);

    public IReadOnlyList<ResultColumn> Columns { get; private set; } = [];

    /// <summary>Prepares and starts the statement; returns when the first rows can be fetched.</summary>
    public static ArrowStream Start(DuckDBNativeConnection connection, string sql)
    {
        var stream = new ArrowStream(connection);
        try
        {
            stream.Open(sql);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The next batch, or null at the end.</summary>
    public RecordBatch? Next()
    {
        using var chunk = NativeMethods.Query.DuckDBFetchChunk(_result);
        if (chunk.IsInvalid)
        {
            var message = NativeMethods.Query.DuckDBResultError(ref _result);
            return string.IsNullOrEmpty(message) ? null : throw new DuckDBFailure(message);
        }

        var array = CArrowArray.Create();
        try
        {
            using var error = NativeMethods.Arrow.DuckDBDataChunkToArrow(_options!, chunk, (nint)array);
            Check(error);
            return CArrowArrayImporter.ImportRecordBatch(array, Schema);
        }
        finally
        {
            CArrowArray.Free(array);
        }
    }

    public void Interrupt() => NativeMethods.Startup.DuckDBInterrupt(_connection);

    public void Dispose()
    {
        _options?.Dispose();
        _options = null;
        if (_hasResult)
        {
            _hasResult = false;
            NativeMethods.Query.DuckDBDestroyResult(ref _result);
        }

        _statement?.Dispose();
        _statement = null;
    }

    private void Open(string sql)
    {
        var statement = Prepare(sql);
        var columns = PreparedColumns.Of(statement);
        if (columns.KeepingOffsets(sql) is { } keeping)
        {
            statement.Dispose();
            statement = Prepare(keeping);
        }

        var state = NativeMethods.PreparedStatements.DuckDBExecutePreparedStreaming(statement, out _result);
        _hasResult = true;
        if (state != DuckDBState.Success)
        {
            throw new DuckDBFailure(NativeMethods.Query.DuckDBResultError(ref _result));
        }

        _options = NativeMethods.Arrow.DuckDBResultGetArrowOptions(ref _result);
        ReadSchema(columns);
    }

    private DuckDBPreparedStatement Prepare(string sql)
    {
        // Only the return code tells whether the statement may be asked anything: asking a failed one for its type ends the process.
        if (NativeMethods.PreparedStatements.DuckDBPrepare(_connection, sql, out _statement) != DuckDBState.Success)
        {
            throw new DuckDBFailure(NativeMethods.PreparedStatements.DuckDBPrepareError(_statement));
        }

        return _statement;
    }

    private void ReadSchema(PreparedColumns prepared)
    {
        var count = (int)NativeMethods.Query.DuckDBColumnCount(ref _result);
        var types = new DuckDBLogicalType[count];
        var names = new nint[count];
        var columns = new ResultColumn[count];
        var schema = CArrowSchema.Create();
        try
        {
            for (var i = 0; i < count; i++)
            {
                types[i] = NativeMethods.Query.DuckDBColumnLogicalType(ref _result, i);
                var name = NativeMethods.Query.DuckDBColumnName(ref _result, i);
                names[i] = Marshal.StringToCoTaskMemUTF8(name);
                columns[i] = new ResultColumn(name, prepared.TypeOf(i, types[i]));
            }

            var handles = types.Select(t => t.DangerousGetHandle()).ToArray();
            fixed (nint* typePointer = handles, namePointer = names)
            {
                using var error = NativeMethods.Arrow.DuckDBToArrowSchema(_options!, (nint)typePointer, (nint)namePointer, (ulong)count, (nint)schema);
                Check(error);
            }

            Columns = columns;
            Schema = CArrowSchemaImporter.ImportSchema(schema);
        }
        finally
        {
            CArrowSchema.Free(schema);
            foreach (var (type, name) in types.Zip(names))
            {
                type?.Dispose();
                Marshal.FreeCoTaskMem(name);
            }
        }
    }

    private static void Check(DuckDBErrorData error)
    {
        if (!error.IsInvalid && NativeMethods.ErrorData.DuckDBErrorDataHasError(error))
        {
            throw new DuckDBFailure(NativeMethods.ErrorData.DuckDBErrorDataMessage(error));
        }
    }
}
