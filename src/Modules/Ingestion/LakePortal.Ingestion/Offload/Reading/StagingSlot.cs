using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Native;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Offload.Reading;

/// <summary>What every row of a chunk has in common in the log.</summary>
internal sealed record RowStamp(string Position, DateTimeOffset IngestedAt)
{
    /// <summary>The log's own columns, for a SELECT.</summary>
    public string Columns(string op) =>
        $"""
        '{op}' AS "_op", 'BATCH' AS "_load_type", '{LogPosition.Parse(Position).Sortable}' AS "_position", NULL::BIGINT AS "_txid", NULL::TIMESTAMPTZ AS "_committed_at",
        TIMESTAMPTZ '{IngestedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture)}+00' AS "_ingested_at", NULL::VARCHAR[] AS "_unchanged"
        """;
}

/// <summary>
/// A staging table that is filled from a COPY stream and then written as data files. A lane has two, so that one is written while the other is
/// filled. Each has a connection of its own, on which at most one of both happens.
/// </summary>
internal sealed class StagingSlot(IStagingArea area, TablePlan plan, IReadOnlyList<string> absentColumns, TableIdentifier raw, string name) : IDisposable
{
    private readonly DuckDBConnection _connection = area.OpenConnection();
    private ChunkAppender? _appender;
    private DataChunkBuilder? _chunk;
    private Task<IReadOnlyList<ContentFile>>? _writing;

    public DataChunkBuilder Chunk => _chunk ?? throw new InvalidOperationException("The slot was not begun.");

    public long Rows => _appender?.Rows ?? 0;

    /// <summary>Bytes of the stream that went into the slot since it was begun.</summary>
    public long Bytes { get; set; }

    /// <summary>Waits for the slot's last write and makes it empty.</summary>
    public async Task BeginAsync()
    {
        if (_writing is { } writing)
        {
            // The chunk that owns the write sees its failure; here it only has to be over.
            await writing.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            _writing = null;
        }

        Abandon();
        Execute($"CREATE OR REPLACE TABLE {name} ({string.Join(", ", plan.Columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} {c.StagingType}")))})");
        _appender = ChunkAppender.Open(_connection, name);
        _chunk = _appender.CreateChunk();
        Bytes = 0;
    }

    public void Append(int rows) => _appender!.Append(Chunk, rows);

    /// <summary>Starts writing what is in the slot. The slot may be begun again at once; that waits.</summary>
    public Task<IReadOnlyList<ContentFile>> Write(RowStamp stamp, CancellationToken cancellationToken)
    {
        _appender!.Complete();
        var rows = _appender.Rows;
        Release();
        _writing = rows == 0 ? Task.FromResult<IReadOnlyList<ContentFile>>([]) : Task.Run(() => WriteAndDropAsync(stamp, cancellationToken), CancellationToken.None);
        return _writing;
    }

    /// <summary>Forgets rows that were appended and not written.</summary>
    public void Abandon() => Release();

    public void Dispose()
    {
        Release();
        _connection.Dispose();
    }

    private async Task<IReadOnlyList<ContentFile>> WriteAndDropAsync(RowStamp stamp, CancellationToken cancellationToken)
    {
        var files = await area.WriteFilesAsync(_connection, Select(stamp), raw, cancellationToken);
        Execute($"DROP TABLE {name}");
        return files;
    }

    private string Select(RowStamp stamp)
    {
        var columns = plan.Columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} AS {PgName(c.LakeName)}"))
            .Concat(absentColumns)
            .Append(stamp.Columns("r"));
        return $"SELECT {string.Join(", ", columns)} FROM {name}";
    }

    private static string PgName(string identifier) => Sources.Postgres.PgSql.Quote(identifier);

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }

    private void Release()
    {
        _chunk?.Dispose();
        _chunk = null;
        _appender?.Dispose();
        _appender = null;
    }
}
