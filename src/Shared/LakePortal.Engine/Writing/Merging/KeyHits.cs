using System.Globalization;
using System.Text;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing.Merging.Index;
using LakePortal.Iceberg;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>Finds the live rows with the keys of a merge: places by the index where there is one, else by reading the keys.</summary>
internal static class KeyHits
{
    public const string Table = "lakeportal_merge_hits";

    private const string Candidates = "lakeportal_merge_candidates";
    private const int PositionsPerStatement = 50_000;

    /// <summary>Makes <see cref="Table"/> (local, pos): live rows with one of the keys.</summary>
    /// <returns>The files that may have some, with their deletes.</returns>
    public static async Task<LiveRows> CreateAsync(
        Table table, DuckDBConnection connection, ScanPlan plan, KeyTable keys, KeyIndexes indexes, CancellationToken cancellationToken)
    {
        LiveRows.Check(table.Identifier, plan);
        var found = await indexes.FindAsync(table, connection, plan, keys, cancellationToken);
        var live = await LiveRows.CreateAsync(table.Identifier, connection, plan with { Tasks = [.. found.Tasks] }, cancellationToken);
        await FillAsync(connection, found, cancellationToken);
        var equal = string.Join(" AND ", keys.Fields.Select((f, i) => $"r.{LiveRows.Alias(i)} = k.{WriterSql.Name(f.Name)}"));
        List<string> sources = [];
        if (found.Indexed.Count > 0)
        {
            // The join's own filter on the row number makes DuckDB read those row groups alone.
            var files = found.Indexed.Select(i => Locations.ToLocalPath(i.Task.File.Path));
            sources.Add(found.IsExact
                ? $"SELECT local, pos FROM {Candidates}"
                : $"SELECT r.filename AS local, r.file_row_number AS pos FROM ({LiveRows.Scan(files, keys.Fields)}) AS r SEMI JOIN {Candidates} AS c ON c.pos = r.file_row_number AND c.local = r.filename SEMI JOIN {KeyTable.Name} AS k ON {equal}");
        }

        if (found.Scanned.Count > 0)
        {
            var files = found.Scanned.Select(t => Locations.ToLocalPath(t.File.Path));
            sources.Add($"SELECT r.filename AS local, r.file_row_number AS pos FROM ({LiveRows.Scan(files, keys.Fields)}) AS r SEMI JOIN {KeyTable.Name} AS k ON {equal}");
        }

        await DuckDbCommands.ExecuteAsync(
            connection,
            sources.Count == 0
                ? $"CREATE OR REPLACE TEMP TABLE {Table} (local VARCHAR, pos BIGINT)"
                : $"CREATE OR REPLACE TEMP TABLE {Table} AS SELECT h.local, h.pos FROM ({string.Join(" UNION ALL ", sources)}) AS h ANTI JOIN {LiveRows.DeleteTable} AS d ON d.local = h.local AND d.pos = h.pos",
            cancellationToken);
        return live;
    }

    public static async Task DropAsync(DuckDBConnection connection)
    {
        await DuckDbCommands.ExecuteAsync(connection, $"DROP TABLE IF EXISTS {Table}; DROP TABLE IF EXISTS {Candidates}", CancellationToken.None);
        await LiveRows.DropAsync(connection);
    }

    private static async Task FillAsync(DuckDBConnection connection, FoundRows found, CancellationToken cancellationToken)
    {
        await DuckDbCommands.ExecuteAsync(connection, $"CREATE OR REPLACE TEMP TABLE {Candidates} (local VARCHAR, pos BIGINT)", cancellationToken);
        var statement = new StringBuilder();
        var positions = 0;
        foreach (var (task, all) in found.Indexed)
        {
            var local = WriterSql.Text(Locations.ToLocalPath(task.File.Path));
            foreach (var chunk in all.Chunk(PositionsPerStatement))
            {
                statement.Append(CultureInfo.InvariantCulture, $"{(positions == 0 ? $"INSERT INTO {Candidates}" : " UNION ALL")} SELECT {local}, unnest([{string.Join(",", chunk)}]::BIGINT[])");
                positions += chunk.Length;
                if (positions >= PositionsPerStatement)
                {
                    await FlushAsync();
                }
            }
        }

        if (positions > 0)
        {
            await FlushAsync();
        }

        async Task FlushAsync()
        {
            await DuckDbCommands.ExecuteAsync(connection, statement.ToString(), cancellationToken);
            statement.Clear();
            positions = 0;
        }
    }
}
