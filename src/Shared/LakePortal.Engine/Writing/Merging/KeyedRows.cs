using DuckDB.NET.Data;
using LakePortal.Engine.Writing.Merging.Index;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>Copies live rows out of a lake table into a table of a private database.</summary>
internal static class KeyedRows
{
    /// <summary>The rows with given keys.</summary>
    public static async Task CopyAsync(
        Table table, DuckDBConnection connection, string keysSelect, IReadOnlyList<string> key, KeyIndexes indexes, string into, CancellationToken cancellationToken)
    {
        var input = new MergeInput(table, connection, [], key, $"SELECT DISTINCT * FROM ({keysSelect}) AS q", new Dictionary<string, string>());
        try
        {
            var keys = await KeyTable.CreateAsync(input, cancellationToken);
            var plan = await table.PlanScanAsync(SnapshotSelector.Current, keys.Predicate, cancellationToken);
            if (plan.Tasks.Count == 0 || keys.Count == 0)
            {
                await CreateEmptyAsync(table, connection, into, cancellationToken);
                return;
            }

            var live = await KeyHits.CreateAsync(table, connection, plan, keys, indexes, cancellationToken);
            var hit = (await DuckDbCommands.QueryAsync(connection, $"SELECT DISTINCT local FROM {KeyHits.Table}", r => r.GetString(0), cancellationToken)).Where(live.Tasks.ContainsKey).ToList();
            if (hit.Count == 0)
            {
                await CreateEmptyAsync(table, connection, into, cancellationToken);
                return;
            }

            await DuckDbCommands.ExecuteAsync(
                connection,
                $"CREATE OR REPLACE TABLE {into} AS SELECT {Names(table)} FROM ({LiveRows.Scan(hit, table.Schema.Fields)}) AS r "
                + $"SEMI JOIN {KeyHits.Table} AS h ON h.pos = r.file_row_number AND h.local = r.filename",
                cancellationToken);
        }
        finally
        {
            await KeyHits.DropAsync(connection);
            await KeyTable.DropAsync(input);
        }
    }

    /// <summary>The rows for which a condition holds.</summary>
    public static async Task CopyAsync(Table table, DuckDBConnection connection, Predicate? predicate, string? where, string into, CancellationToken cancellationToken)
    {
        var plan = await table.PlanScanAsync(SnapshotSelector.Current, predicate, cancellationToken);
        if (plan.Tasks.Count == 0)
        {
            await CreateEmptyAsync(table, connection, into, cancellationToken);
            return;
        }

        var live = await LiveRows.CreateAsync(table.Identifier, connection, plan, cancellationToken);
        try
        {
            await DuckDbCommands.ExecuteAsync(
                connection,
                $"""
                CREATE OR REPLACE TABLE {into} AS SELECT * FROM (SELECT {Names(table)} FROM ({LiveRows.Scan(live.Tasks.Keys, table.Schema.Fields)}) AS r
                ANTI JOIN {LiveRows.DeleteTable} AS d ON d.local = r.filename AND d.pos = r.file_row_number) AS c
                {(where is null ? "" : $"WHERE {where}")}
                """,
                cancellationToken);
        }
        finally
        {
            await LiveRows.DropAsync(connection);
        }
    }

    private static Task<int> CreateEmptyAsync(Table table, DuckDBConnection connection, string into, CancellationToken cancellationToken)
    {
        var none = table.Schema.Fields.Select(f => $"CAST(NULL AS {DuckDbTypes.ToDuckDb(f.Type)}) AS {WriterSql.Name(f.Name)}");
        return DuckDbCommands.ExecuteAsync(connection, $"CREATE OR REPLACE TABLE {into} AS SELECT {string.Join(", ", none)} WHERE false", cancellationToken);
    }

    private static string Names(Table table) => string.Join(", ", table.Schema.Fields.Select((f, i) => $"r.{LiveRows.Alias(i)} AS {WriterSql.Name(f.Name)}"));
}
