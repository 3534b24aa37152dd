using System.Text.Json;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.Serving.Contracts.Tables;
using LakePortal.Serving.Tables.Retention;

namespace LakePortal.Serving.Tables.Maintenance;

/// <summary>
/// Finds files in a table's folders that nothing refers to. Young ones are left: their write may be going on. Files are listed before the table is looked at, so one that is committed
/// in between counts as used.
/// </summary>
internal sealed class TableOrphans(ITableCatalog catalog, IFileIO files, IEnumerable<IRecordedFiles> recorded, RetentionOptions options, TimeProvider clock)
{
    private const int MostExamples = 20;

    // Key indexes go by their own rules.
    private static readonly string[] Folders = ["data", "metadata"];

    /// <exception cref="TableReadOnlyException">The table was adopted: its files are its owner's.</exception>
    public async Task<OrphanRemovalResult> RunAsync(TableIdentifier identifier, bool dryRun, CancellationToken cancellationToken)
    {
        var table = await catalog.LoadAsync(identifier, cancellationToken);
        if (table.IsReadOnly)
        {
            throw new TableReadOnlyException(identifier);
        }

        var found = new List<LakeFile>();
        foreach (var folder in Folders)
        {
            await foreach (var file in files.ListAsync(Locations.Join(table.Metadata.Location, folder) + "/", cancellationToken))
            {
                if (!Locations.FileName(file.Location).StartsWith(TableExpiry.Notes, StringComparison.Ordinal))
                {
                    found.Add(file);
                }
            }
        }

        var kept = await UsedAsync(await table.RefreshAsync(cancellationToken), cancellationToken);
        var unused = found.Where(f => !kept.Contains(Locations.ToLocalPath(f.Location))).ToList();
        var before = clock.GetUtcNow() - options.OrphanAge;
        var old = unused.Where(f => f.LastModified < before).ToList();
        var (deleted, failed, failure) = dryRun ? (0, 0, null) : await DeleteAsync(old, cancellationToken);
        return new OrphanRemovalResult(
            old.Count, old.Sum(f => f.Length), unused.Count - old.Count, deleted, failed, failure, [.. old.Take(MostExamples).Select(f => Locations.ToLocalPath(f.Location))], dryRun);
    }

    private async Task<HashSet<string>> UsedAsync(Table table, CancellationToken cancellationToken)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        void Add(IEnumerable<string> locations) => used.UnionWith(locations.Select(Locations.ToLocalPath));
        Add(await table.ListFilesOfAsync([.. table.Metadata.Snapshots.Select(s => s.SnapshotId)], cancellationToken));
        Add(table.Metadata.MetadataLog.Select(e => e.MetadataFile).Append(table.MetadataLocation));
        foreach (var source in recorded)
        {
            Add(await source.ListAsync(cancellationToken));
        }

        // Statistics and whatever else other engines note in the metadata.
        Add(table.Metadata.Extra.Values.SelectMany(Texts).Where(t => t.StartsWith(table.Metadata.Location, StringComparison.Ordinal)));
        return used;
    }

    private static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => [element.GetString()!],
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Texts),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p => Texts(p.Value)),
        _ => [],
    };

    private async Task<(int Deleted, int Failed, string? Failure)> DeleteAsync(IReadOnlyList<LakeFile> old, CancellationToken cancellationToken)
    {
        var (deleted, failed, failure) = (0, 0, (string?)null);
        foreach (var file in old)
        {
            try
            {
                deleted += await files.DeleteAsync(file.Location, cancellationToken) ? 1 : 0;
            }
            catch (LakeFileException e)
            {
                (failed, failure) = (failed + 1, failure ?? e.Message);
            }
        }

        return (deleted, failed, failure);
    }
}
