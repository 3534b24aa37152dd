using System.Globalization;
using LakePortal.Engine.Writing.Files;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Commits;

/// <summary>
/// Commits a change and decides what becomes of its files: they are the table's after success, removed after a sure failure, and left alone
/// when nobody can say, because a file that a snapshot refers to must never be removed.
/// </summary>
internal sealed class Committer(ITableCatalog catalog)
{
    /// <summary>Marks a snapshot as that of one commit attempt, so that it can be found again when the answer got lost.</summary>
    public const string CommitIdKey = "lakeportal.commit-id";

    /// <returns>The snapshot that was committed.</returns>
    /// <exception cref="CommitConflictException">The change does not hold any more; its files are still the caller's.</exception>
    public async Task<Snapshot> CommitAsync(Table table, SnapshotChange change, UncommittedFiles files, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7().ToString("N");
        var marked = change with { Summary = new Dictionary<string, string>(change.Summary) { [CommitIdKey] = id } };
        var paths = change.AddedFiles.Concat(change.AddedDeletes).Select(f => f.Path).ToList();
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var committed = await table.CommitAsync(marked, cancellationToken);
            files.Release(paths);
            return Find(committed, id) ?? throw new InvalidOperationException($"The table '{table.Identifier}' does not have the snapshot that was committed to it.");
        }
        catch (Exception e) when (e is not CommitConflictException)
        {
            if (e is CommitStateUnknownException or not IcebergException)
            {
                files.Release(paths);
            }

            if (await LookUpAsync(table.Identifier, id) is { } snapshot)
            {
                files.Release(paths);
                return snapshot;
            }

            throw;
        }
    }

    /// <summary>Rows that a snapshot removed with whole files, as its summary counts them.</summary>
    public static long RemovedRows(Snapshot snapshot) => Number(snapshot, "deleted-records") - Number(snapshot, "removed-position-deletes");

    private async Task<Snapshot?> LookUpAsync(TableIdentifier identifier, string id)
    {
        // The caller's token may be the very reason for being here.
        var table = await catalog.FindAsync(identifier, CancellationToken.None);
        return table is null ? null : Find(table, id);
    }

    private static Snapshot? Find(Table table, string id) =>
        table.Metadata.Snapshots.FirstOrDefault(s => s.Summary.GetValueOrDefault(CommitIdKey) == id);

    private static long Number(Snapshot snapshot, string key) =>
        long.TryParse(snapshot.Summary.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
