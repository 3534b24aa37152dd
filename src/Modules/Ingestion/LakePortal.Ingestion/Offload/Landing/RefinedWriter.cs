using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Kernel.Identity;

namespace LakePortal.Ingestion.Offload.Landing;

/// <summary>Brings the refined table to a raw snapshot: always computed from that snapshot, so it can be done again after a crash.</summary>
internal sealed class RefinedWriter(ILakeWriter writer, ILakeEngine engine)
{
    public async Task<WriteOutcome> WriteAsync(
        SnapshotNotes notes, string runId, Table raw, Snapshot snapshot, Table refined, IReadOnlyList<string> key, CancellationToken cancellationToken)
    {
        var isFull = snapshot.Summary[SnapshotNotes.LoadKind] == "full";
        var columns = string.Join(", ", raw.Schema.Fields.Select(f => f.Name).Where(n => TablePlan.LogColumns.All(c => c.Name != n)).Select(PgSql.Quote));
        var sql = $"SELECT {columns} FROM {Name(raw.Identifier)}";
        if (!isFull)
        {
            sql += $" WHERE \"_ingested_at\" = TIMESTAMPTZ '{snapshot.Summary[SnapshotNotes.IngestedAt]}'";
        }
        else if (snapshot.Summary[SnapshotNotes.Deduplicate] == "true")
        {
            // Chunks of several snapshots: a row that changed in between is there in both versions, the later snapshot has the newer one, or says that it is gone.
            var newest = $"SELECT * FROM {Name(raw.Identifier)} QUALIFY row_number() OVER (PARTITION BY {string.Join(", ", key.Select(PgSql.Quote))} ORDER BY \"_ingested_at\" DESC) = 1";
            sql = $"SELECT {columns} FROM ({newest}) AS n WHERE \"_op\" <> 'd'";
        }

        return await writer.WriteQueryAsync(
            new WriteQuery(Request(sql, raw, snapshot), refined.Identifier, isFull ? WriteMode.Replace : WriteMode.Merge)
            {
                Key = isFull ? [] : key,
                Summary = notes.ForRefined(runId, snapshot),
            },
            cancellationToken);
    }

    /// <summary>A key that only the sync's author vouches for is checked before rows are taken to be identified by it.</summary>
    public async Task CheckKeyAsync(Table raw, Snapshot snapshot, string table, IReadOnlyList<string> key, CancellationToken cancellationToken)
    {
        var columns = string.Join(", ", key.Select(PgSql.Quote));
        var isNull = string.Join(" OR ", key.Select(k => $"{PgSql.Quote(k)} IS NULL"));
        if (await AnyAsync($"SELECT 1 FROM {Name(raw.Identifier)} WHERE {isNull} LIMIT 1", raw, snapshot, cancellationToken))
        {
            throw new KeyViolatedException(table, key, "a row has no value there");
        }

        if (await AnyAsync($"SELECT 1 FROM {Name(raw.Identifier)} GROUP BY {columns} HAVING count(*) > 1 LIMIT 1", raw, snapshot, cancellationToken))
        {
            throw new KeyViolatedException(table, key, "several rows have the same values there");
        }
    }

    /// <summary>The highest value of a column, as text; null for an empty table or a column that is not there.</summary>
    public async Task<string?> HighestAsync(TableIdentifier table, string column, CancellationToken cancellationToken)
    {
        var request = new LakeQueryRequest($"SELECT max({PgSql.Quote(column)})::VARCHAR AS highest FROM {Name(table)}", Caller.System);
        await using var query = await engine.StartAsync(request, cancellationToken);
        await foreach (var batch in query.ReadAsync(cancellationToken))
        {
            using (batch)
            {
                if (batch is { Length: > 0 } && batch.Column(0) is Apache.Arrow.StringArray texts)
                {
                    return texts.GetString(0);
                }
            }
        }

        return null;
    }

    public static string Name(TableIdentifier table) => $"{PgSql.Quote(table.Namespace)}.{PgSql.Quote(table.Name)}";

    private async Task<bool> AnyAsync(string sql, Table raw, Snapshot snapshot, CancellationToken cancellationToken)
    {
        await using var query = await engine.StartAsync(Request(sql, raw, snapshot), cancellationToken);
        await foreach (var batch in query.ReadAsync(cancellationToken))
        {
            using (batch)
            {
                if (batch.Length > 0)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static LakeQueryRequest Request(string sql, Table raw, Snapshot snapshot) => new(sql, Caller.System)
    {
        At = new Dictionary<TableIdentifier, SnapshotSelector> { [raw.Identifier] = new() { SnapshotId = snapshot.SnapshotId } },
    };
}
