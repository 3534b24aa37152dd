using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Ingestion.Store;

namespace LakePortal.Ingestion.Offload.Landing;

/// <summary>
/// Removes what a load that died has left: data files in the sync's own two tables that are younger than the load, belong to no snapshot and to no
/// chunk that is kept. Older ones are the table maintenance's business.
/// </summary>
internal sealed class OrphanFiles(IFileIO io, TimeProvider clock)
{
    // What this process writes is cleaned up by whoever writes it; only what came before can have lost its writer.
    private readonly DateTimeOffset _started = clock.GetUtcNow();

    // File times and ours come from different clocks.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(2);

    public async Task RemoveAsync(PreparedTables tables, DateTimeOffset since, IReadOnlyList<ChunkRow> kept, Action<string> note, CancellationToken cancellationToken)
    {
        var keep = kept.SelectMany(c => ContentFileJson.Read(c.Files)).Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
        var removed = await RemoveAsync(tables.Raw, since - Slack, keep, cancellationToken) + await RemoveAsync(tables.Refined, since - Slack, keep, cancellationToken);
        if (removed > 0)
        {
            note($"Removed {removed} files that an interrupted load had left.");
        }
    }

    private async Task<int> RemoveAsync(Table table, DateTimeOffset since, HashSet<string> keep, CancellationToken cancellationToken)
    {
        var candidates = new List<string>();
        await foreach (var file in io.ListAsync($"{table.Metadata.Location.TrimEnd('/')}/data/", cancellationToken))
        {
            if (file.LastModified >= since && file.LastModified < _started && !keep.Contains(file.Location))
            {
                candidates.Add(file.Location);
            }
        }

        if (candidates.Count == 0)
        {
            return 0;
        }

        foreach (var snapshot in table.Metadata.Snapshots)
        {
            foreach (var file in await table.ListFilesAsync(new SnapshotSelector { SnapshotId = snapshot.SnapshotId }, cancellationToken))
            {
                _ = candidates.Remove(file.Path);
            }
        }

        foreach (var orphan in candidates)
        {
            _ = await io.DeleteAsync(orphan, cancellationToken);
        }

        return candidates.Count;
    }
}
