using DuckDB.NET.Data;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>Copies live rows out of a lake table into a table of a private database.</summary>
internal static class KeyedRows
{
    /// <summary>The rows with given keys.</summary>
    public static async Task CopyAsync(
        Table table, DuckDBConnection connection, string keysSelect, IReadOnlyList<string> key, string into, CancellationToken cancellationToken)
    {
        var input = new MergeInput(table, connection, [], key, $"SELECT DISTINCT * FROM ({keysSelect}) AS q", new Dictionary<string, string>());
        var keys = await KeyTable.CreateAsync(input, cancellationToken);
        try
        {
            var fields = table.Schema.Fields;
            var equal = keys.Fields.Select(k => $"r.{LiveRows.Alias(IndexOf(fields, k.Id))} = k.{WriterSql.Name(k.Name)}");
            await CopyAsync(table, connection, keys.Predicate, $"SEMI JOIN {KeyTable.Name} AS k ON {string.Join(" AND ", equal)}", null, into, cancellationToken);
        }
        finally
        {
            await KeyTable.DropAsync(input);
        }
    }

    /// <summary>The rows for which a condition holds.</summary>
    public static Task CopyAsync(Table table, DuckDBConnection connection, Predicate? predicate, string? where, string into, CancellationToken cancellationToken) =>
        CopyAsync(table, connection, predicate, "", where, into, cancellationToken);

    private static async Task CopyAsync(Table table, DuckDBConnection connection, Predicate? predicate, string join, string? where, string into, CancellationToken cancellationToken)
    {
        var fields = table.Schema.Fields;
        var plan = await table.PlanScanAsync(SnapshotSelector.Current, predicate, cancellationToken);
        if (plan.Tasks.Count == 0)
        {
            var none = fields.Select(f => $"CAST(NULL AS {DuckDbTypes.ToDuckDb(f.Type)}) AS {WriterSql.Name(f.Name)}");
            await DuckDbCommands.ExecuteAsync(connection, $"CREATE OR REPLACE TABLE {into} AS SELECT {string.Join(", ", none)} WHERE false", cancellationToken);
            return;
        }

        var live = await LiveRows.CreateAsync(table.Identifier, connection, plan, cancellationToken);
        try
        {
            var names = string.Join(", ", fields.Select((f, i) => $"r.{LiveRows.Alias(i)} AS {WriterSql.Name(f.Name)}"));
            await DuckDbCommands.ExecuteAsync(
                connection,
                $"""
                CREATE OR REPLACE TABLE {into} AS SELECT * FROM (SELECT {names} FROM ({LiveRows.Scan(live.Tasks.Keys, fields)}) AS r
                {join}
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

    private static int IndexOf(IReadOnlyList<NestedField> fields, int id)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields[i].Id == id)
            {
                return i;
            }
        }

        throw new ArgumentException($"The schema has no column {id}.", nameof(id));
    }
}
