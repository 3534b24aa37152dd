using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Native;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Store;

namespace LakePortal.Ingestion.Offload.Landing;

/// <summary>
/// What a resumed load would otherwise not see: rows that chunks of earlier attempts hold and that were deleted since. A row of such a chunk lives in the
/// last snapshot if it is still on the chunk's pages, or if it was written again, and then this attempt has read it. So only the keys on those pages are
/// read once more; what is in neither place gets a row with <c>_op</c> d in raw.
/// </summary>
internal sealed class DeletedRows(OffloadWork work, SourceSnapshot snapshot, PgTable table, ReadAccess access, IStagingArea area, TableIdentifier raw, IReadOnlyList<string> absentColumns)
{
    private const string Living = "living_keys";

    /// <param name="kept">Chunks of earlier attempts.</param>
    /// <param name="read">Chunks of this attempt.</param>
    /// <param name="stamp">Of this attempt's rows.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>Data files of raw, not committed; none when nothing was deleted.</returns>
    public async Task<IReadOnlyList<ContentFile>> WriteAsync(IReadOnlyList<ChunkRow> kept, IReadOnlyList<ChunkRow> read, RowStamp stamp, CancellationToken cancellationToken)
    {
        var key = new TablePlan([.. work.Plan.Columns.Where(c => work.Key.Contains(c.LakeName))]);
        await using var connection = area.OpenConnection();
        Execute(connection, $"CREATE TABLE {Living} ({string.Join(", ", key.Columns.Select(c => $"{PgSql.Quote(c.LakeName)} {c.StagingType}"))})");
        await using (var copy = await snapshot.OpenReaderAsync(cancellationToken))
        {
            await Task.Factory.StartNew(() => ReadKeys(copy, key, kept, connection, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        var names = string.Join(", ", work.Key.Select(PgSql.Quote));
        var gone = $"SELECT DISTINCT {names} FROM {Files(kept)} AS k ANTI JOIN {Living} USING ({names})";
        if (read.Any(c => c.Rows > 0))
        {
            gone += $" ANTI JOIN {Files(read)} AS r USING ({names})";
        }

        var columns = work.Plan.Columns
            .Select(c => work.Key.Contains(c.LakeName) ? PgSql.Quote(c.LakeName) : $"NULL::{c.StagingType} AS {PgSql.Quote(c.LakeName)}").Concat(absentColumns);
        return await area.WriteFilesAsync(connection, $"SELECT {string.Join(", ", columns)}, {stamp.Columns("d")} FROM ({gone})", raw, cancellationToken);
    }

    private void ReadKeys(ICopyConnection copy, TablePlan key, IReadOnlyList<ChunkRow> kept, DuckDBConnection connection, CancellationToken cancellationToken)
    {
        var decoders = key.Columns.Select(c => c.Decoder).ToList();
        var pump = new CopyPump();
        using var appender = ChunkAppender.Open(connection, Living);
        using var chunk = appender.CreateChunk();
        foreach (var covered in kept.Where(c => c.SinceXid is null))
        {
            var pages = new ReadChunk(covered.Number, access.Heaps.First(h => h.Oid == covered.Heap), covered.FromPage, covered.ToPage, null);
            copy.Copy(pages.CopySql(table, key, snapshot.Xmax), source => pump.Run(source, decoders, () => chunk, (rows, _) => appender.Append(chunk, rows), cancellationToken));
        }

        appender.Complete();
    }

    private static string Files(IEnumerable<ChunkRow> chunks)
    {
        var paths = chunks.SelectMany(c => ContentFileJson.Read(c.Files)).Select(f => "'" + Locations.ToLocalPath(f.Path).Replace("'", "''", StringComparison.Ordinal) + "'");
        return string.Create(CultureInfo.InvariantCulture, $"read_parquet([{string.Join(", ", paths)}], hive_partitioning = false)");
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
