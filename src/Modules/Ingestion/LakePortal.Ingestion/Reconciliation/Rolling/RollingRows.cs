using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Native;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Reconciliation.Comparison;

namespace LakePortal.Ingestion.Reconciliation.Rolling;

/// <summary>The source's rows of a window, staged with the number of the range that they were read in.</summary>
internal sealed class RollingRows : IAsyncDisposable
{
    public const string Table = "rolling_source";
    public const string Number = "rolling_chunk";

    private const string Piece = "rolling_piece";

    private readonly DuckDBConnection _connection;
    private readonly string _columns;
    private ChunkAppender? _appender;
    private DataChunkBuilder? _chunk;

    private RollingRows(DuckDBConnection connection, TablePlan plan) =>
        (_connection, _columns) = (connection, string.Join(", ", plan.Columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} {c.StagingType}"))));

    public DataChunkBuilder Chunk => _chunk ?? throw new InvalidOperationException("No range is being read.");

    public static async Task<RollingRows> OpenAsync(IStagingArea area, TablePlan plan, CancellationToken cancellationToken)
    {
        var rows = new RollingRows(area.OpenConnection(), plan);
        await Sql.ExecuteAsync(rows._connection, $"CREATE OR REPLACE TABLE {Table} ({rows._columns}, {Number} INTEGER)", cancellationToken);
        return rows;
    }

    public void Begin()
    {
        Release();
        Sql.Execute(_connection, $"CREATE OR REPLACE TABLE {Piece} ({_columns})");
        _appender = ChunkAppender.Open(_connection, Piece);
        _chunk = _appender.CreateChunk();
    }

    public void Append(int rows) => _appender!.Append(_chunk!, rows);

    public void Complete()
    {
        _appender!.Complete();
        Release();
    }

    /// <summary>What was read is of this range.</summary>
    public Task TakeAsync(int number, CancellationToken cancellationToken) =>
        Sql.ExecuteAsync(_connection, string.Create(CultureInfo.InvariantCulture, $"INSERT INTO {Table} SELECT *, {number} FROM {Piece}; DROP TABLE {Piece}"), cancellationToken);

    public ValueTask DisposeAsync()
    {
        Release();
        return _connection.DisposeAsync();
    }

    private void Release()
    {
        _chunk?.Dispose();
        _chunk = null;
        _appender?.Dispose();
        _appender = null;
    }
}
