using LakePortal.Engine.Writing.Files;
using LakePortal.Engine.Writing.Types;
using LakePortal.Iceberg;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>Takes the rows out of a merge that the table holds already, equal in every column: their keys go, the data files are written without them.</summary>
internal sealed class UnchangedRows(DataFileWriter dataFiles)
{
    private const string SameTable = "lakeportal_merge_same";

    /// <returns>The data files to add instead of the input's.</returns>
    public async Task<IReadOnlyList<ContentFile>> RemoveAsync(MergeInput input, KeyTable keys, Table table, ScanPlan plan, UncommittedFiles files, CancellationToken cancellationToken)
    {
        if (plan.Tasks.Count == 0 || input.Files.Count == 0 || !NestedNames.AreStable(table))
        {
            return input.Files;
        }

        var connection = input.Connection;
        var fields = table.Schema.Fields;
        var incoming = LiveRows.Scan(input.Files.Select(f => Locations.ToLocalPath(f.Path)), fields);
        var live = await LiveRows.CreateAsync(table.Identifier, connection, plan, cancellationToken);
        try
        {
            var keyAliases = keys.Fields.Select(k => LiveRows.Alias(IndexOf(fields, k.Id))).ToHashSet(StringComparer.Ordinal);
            var aliases = fields.Select((_, i) => LiveRows.Alias(i)).ToList();
            var same = string.Join(" AND ", aliases.Select(a => keyAliases.Contains(a) ? $"o.{a} = n.{a}" : $"o.{a} IS NOT DISTINCT FROM n.{a}"));
            var keyColumns = string.Join(", ", keys.Fields.Select(k => $"n.{LiveRows.Alias(IndexOf(fields, k.Id))} AS {WriterSql.Name(k.Name)}"));

            // A table with two live rows of one key is put right by the merge: such rows are never "unchanged".
            await DuckDbCommands.ExecuteAsync(
                connection,
                $"""
                CREATE OR REPLACE TEMP TABLE {SameTable} AS
                WITH o AS (SELECT r.* FROM ({LiveRows.Scan(live.Tasks.Keys, fields)}) AS r
                  SEMI JOIN {KeyTable.Name} AS k ON {string.Join(" AND ", keys.Fields.Select(k => $"k.{WriterSql.Name(k.Name)} = r.{LiveRows.Alias(IndexOf(fields, k.Id))}"))}
                  ANTI JOIN {LiveRows.DeleteTable} AS d ON d.local = r.filename AND d.pos = r.file_row_number),
                once AS (SELECT {string.Join(", ", keyAliases)} FROM o GROUP BY ALL HAVING count(*) = 1)
                SELECT {keyColumns} FROM ({incoming}) AS n JOIN o ON {same} SEMI JOIN once AS u ON {string.Join(" AND ", keyAliases.Select(a => $"u.{a} = n.{a}"))}
                """,
                cancellationToken);
            var count = (await DuckDbCommands.QueryAsync(connection, $"SELECT count(*) FROM {SameTable}", r => r.GetInt64(0), cancellationToken))[0];
            if (count == 0)
            {
                return input.Files;
            }

            var match = string.Join(" AND ", keys.Fields.Select(k => $"s.{WriterSql.Name(k.Name)} = k.{WriterSql.Name(k.Name)}"));
            await KeyTable.ReplaceAsync(input, $"SELECT k.* FROM {KeyTable.Name} AS k ANTI JOIN {SameTable} AS s ON {match}", cancellationToken);
            var changed = string.Join(" AND ", keys.Fields.Select(k => $"s.{WriterSql.Name(k.Name)} = n.{LiveRows.Alias(IndexOf(fields, k.Id))}"));
            var names = string.Join(", ", fields.Select((f, i) => $"n.{LiveRows.Alias(i)} AS {WriterSql.Name(f.Name)}"));
            return await dataFiles.WriteAsync(
                connection, $"SELECT {names} FROM ({incoming}) AS n ANTI JOIN {SameTable} AS s ON {changed}",
                [.. fields.Select(f => new ColumnAssignment(f, f.Name))], WriteTarget.Of(table), files, cancellationToken);
        }
        finally
        {
            await DuckDbCommands.ExecuteAsync(connection, $"DROP TABLE IF EXISTS {SameTable}", CancellationToken.None);
            await LiveRows.DropAsync(connection);
        }
    }

    private static int IndexOf(IReadOnlyList<Iceberg.Schemas.NestedField> fields, int id)
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
