using LakePortal.Engine.Writing.Files;
using LakePortal.Engine.Writing.Merging.Index;
using LakePortal.Engine.Writing.Types;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Merging;

/// <param name="Rows">Rows that go.</param>
/// <param name="Deletes">New position delete files.</param>
/// <param name="Rewritten">New data files with what is left of old ones.</param>
/// <param name="RemovedPaths">Data files without rows or rewritten, and delete files whose positions a new one has.</param>
internal sealed record Removal(long Rows, IReadOnlyList<ContentFile> Deletes, IReadOnlyList<ContentFile> Rewritten, IReadOnlyList<string> RemovedPaths);

/// <summary>
/// Removes the rows with given keys from the planned files: by position deletes; a file of which much is deleted is rewritten, one of which
/// all is deleted goes. A data file has at most one delete file of its own: the new one takes over the positions of the old.
/// </summary>
internal sealed class PositionDeleter(DataFileWriter dataFiles, DeleteFileWriter deleteFiles, KeyIndexes indexes, WriterOptions options)
{
    private const string HitTable = KeyHits.Table;

    // Beyond this many touched files of one partition their deletes share a file.
    private const int MostDeleteFilesPerPartition = 32;

    private sealed record Touched(string LocalPath, FileScanTask Task, long Hits, long DeletedBefore)
    {
        public IEnumerable<ContentFile> OwnDeletes => Task.Deletes.Where(d => DeleteFileWriter.IsScopedTo(d, Task.File));
    }

    public async Task<Removal> RemoveAsync(MergeInput input, KeyTable keys, Table table, ScanPlan plan, UncommittedFiles files, CancellationToken cancellationToken)
    {
        if (plan.Tasks.Count == 0 || keys.Count == 0)
        {
            return new Removal(0, [], [], []);
        }

        try
        {
            var live = await MergeSpans.RunAsync("merge find", () => KeyHits.CreateAsync(table, input.Connection, plan, keys, indexes, cancellationToken));
            return await MergeSpans.RunAsync("merge deletes", () => RemoveHitsAsync(input, table, live, files, cancellationToken));
        }
        finally
        {
            await KeyHits.DropAsync(input.Connection);
        }
    }

    /// <summary>Removes as many rows equal to each of some as are wanted, or as there are.</summary>
    public async Task<Removal> RemoveCopiesAsync(MergeInput input, Copies copies, Table table, ScanPlan plan, UncommittedFiles files, CancellationToken cancellationToken)
    {
        if (plan.Tasks.Count == 0 || !copies.Any)
        {
            return new Removal(0, [], [], []);
        }

        if (!NestedNames.AreStable(table))
        {
            throw new TableNotMergeableException(table.Identifier, "a field inside one of its columns was renamed, so older rows cannot be compared");
        }

        try
        {
            var live = await LiveRows.CreateAsync(table.Identifier, input.Connection, plan, cancellationToken);
            await DuckDbCommands.ExecuteAsync(input.Connection, $"CREATE OR REPLACE TEMP TABLE {HitTable} AS {copies.Places(live.Tasks.Keys)}", cancellationToken);
            return await RemoveHitsAsync(input, table, live, files, cancellationToken);
        }
        finally
        {
            await KeyHits.DropAsync(input.Connection);
        }
    }

    private async Task<Removal> RemoveHitsAsync(MergeInput input, Table table, LiveRows live, UncommittedFiles files, CancellationToken cancellationToken)
    {
        var touched = await DuckDbCommands.QueryAsync(
            input.Connection,
            $"SELECT h.local, h.hits, coalesce(d.deleted, 0) FROM (SELECT local, count(*) AS hits FROM {HitTable} GROUP BY local) AS h "
            + $"LEFT JOIN (SELECT local, count(*) AS deleted FROM {LiveRows.DeleteTable} GROUP BY local) AS d ON d.local = h.local ORDER BY h.local",
            r => new Touched(r.GetString(0), live.Tasks[r.GetString(0)], r.GetInt64(1), r.GetInt64(2)), cancellationToken);
        var target = WriteTarget.Of(table);
        var emptied = touched.Where(t => t.Hits + t.DeletedBefore >= t.Task.File.RecordCount).ToList();
        var rewritten = NestedNames.AreStable(table)
            ? touched.Except(emptied).Where(t => t.Hits + t.DeletedBefore > options.RewriteShare * t.Task.File.RecordCount).ToList()
            : [];
        var kept = touched.Except(emptied).Except(rewritten).ToList();
        var removed = new List<string>();
        foreach (var gone in emptied.Concat(rewritten))
        {
            removed.Add(gone.Task.File.Path);
            removed.AddRange(gone.OwnDeletes.Select(d => d.Path));
        }

        var rest = await RewriteAsync(input, table, rewritten, target, files, cancellationToken);
        var deletes = await DeleteAsync(input, kept, target, files, removed, cancellationToken);
        return new Removal(touched.Sum(t => t.Hits), deletes, rest, removed);
    }

    private async Task<IReadOnlyList<ContentFile>> RewriteAsync(
        MergeInput input, Table table, IReadOnlyList<Touched> rewritten, WriteTarget target, UncommittedFiles files, CancellationToken cancellationToken)
    {
        if (rewritten.Count == 0)
        {
            return [];
        }

        var fields = table.Schema.Fields;
        var names = string.Join(", ", fields.Select((f, i) => $"r.{LiveRows.Alias(i)} AS {WriterSql.Name(f.Name)}"));
        var select = $"""
            SELECT {names} FROM ({LiveRows.Scan(rewritten.Select(t => t.LocalPath), fields)}) AS r
            ANTI JOIN {LiveRows.DeleteTable} AS d ON d.local = r.filename AND d.pos = r.file_row_number
            ANTI JOIN {HitTable} AS h ON h.local = r.filename AND h.pos = r.file_row_number
            """;
        return await dataFiles.WriteAsync(input.Connection, select, [.. fields.Select(f => new ColumnAssignment(f, f.Name))], target, files, cancellationToken);
    }

    private async Task<List<ContentFile>> DeleteAsync(
        MergeInput input, IReadOnlyList<Touched> kept, WriteTarget target, UncommittedFiles files, List<string> removed, CancellationToken cancellationToken)
    {
        var deletes = new List<ContentFile>();
        foreach (var partition in kept.GroupBy(t => PartitionKey(t.Task.File)))
        {
            IEnumerable<Touched[]> groups = partition.Count() <= MostDeleteFilesPerPartition ? partition.Chunk(1) : [partition.ToArray()];
            foreach (var group in groups)
            {
                var own = group.Where(t => t.OwnDeletes.Any()).ToList();
                removed.AddRange(own.SelectMany(t => t.OwnDeletes).Select(d => d.Path));

                // Positions that stay in a delete file shared with others are repeated here: a position may be deleted twice.
                var positions = $"SELECT f.location AS file_path, p.pos FROM (SELECT local, pos FROM {HitTable} WHERE local IN ({Locals(group)})";
                positions += own.Count > 0 ? $" UNION SELECT local, pos FROM {LiveRows.DeleteTable} WHERE local IN ({Locals(own)})" : "";
                positions += $") AS p JOIN {LiveRows.FileTable} AS f ON f.local = p.local";
                deletes.Add(await deleteFiles.WriteAsync(input.Connection, positions, [.. group.Select(t => t.Task.File)], target, files, cancellationToken));
            }
        }

        await DeleteFileWriter.FlushAsync(deletes, target, cancellationToken);
        return deletes;
    }

    private static string Locals(IEnumerable<Touched> touched) => string.Join(", ", touched.Select(t => WriterSql.Text(t.LocalPath)));

    private static string PartitionKey(ContentFile file) => ContentFileJson.Write([new ContentFile
    {
        Content = FileContent.Data,
        Path = "",
        SpecId = file.SpecId,
        Partition = file.Partition,
        RecordCount = 0,
        FileSizeInBytes = 0,
    }]);
}
