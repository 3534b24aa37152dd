using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Serving.Contracts.Tables;

/// <summary>Takes old snapshots out of a table's history as the section <c>Retention</c> says, tags the last one of each day of a refined table, and deletes files that an earlier expiry has left.</summary>
/// <param name="DryRun">Only counts.</param>
[RequiresPermission(Permissions.TablesWrite)]
public sealed record ExpireSnapshots(string Namespace, string Name, bool DryRun = false) : IRequest<TableExpiryResult>, IAuditedRequest
{
    public string AuditObject => $"table/{Namespace}.{Name}";
}

/// <param name="Snapshots">There were before.</param>
/// <param name="Expired">Of those, gone now.</param>
/// <param name="DaysTagged">Days that got a tag.</param>
/// <param name="RefsRemoved">Tags and branches whose time was over.</param>
/// <param name="FilesDeleted">Of earlier expiries.</param>
/// <param name="FilesWaiting">That nothing refers to any more, and that are kept until the grace is over and statements that began before have ended.</param>
/// <param name="FilesFailed">That could not be deleted; they are tried again by the next run.</param>
/// <param name="Failure">Why the first of them could not.</param>
public sealed record TableExpiryResult(int Snapshots, int Expired, int DaysTagged, int RefsRemoved, int FilesDeleted, int FilesWaiting, int FilesFailed, string? Failure, bool DryRun);

/// <summary>
/// Writes small files, and files of which many rows are deleted, anew as few large ones, in one snapshot that changes no row. Writers go on meanwhile: what they change while it is being
/// written is written once more.
/// </summary>
/// <param name="DryRun">Only says what would be written.</param>
[RequiresPermission(Permissions.TablesWrite)]
public sealed record CompactTable(string Namespace, string Name, bool DryRun = false) : IRequest<TableCompactionResult>, IAuditedRequest
{
    public string AuditObject => $"table/{Namespace}.{Name}";
}

/// <param name="DataFiles">Data files that were written anew.</param>
/// <param name="DeleteFiles">Delete files that nothing needs any more.</param>
/// <param name="NewFiles">What they became; with <paramref name="DryRun"/>, about.</param>
/// <param name="Rows">Live rows in them.</param>
/// <param name="Bytes">Size of the old ones, deletes included.</param>
/// <param name="NewBytes">Size of the new ones; null: not written.</param>
/// <param name="FilesLeft">Data files that writers kept changing meanwhile; the next run takes them.</param>
/// <param name="Manifests">Manifests before.</param>
/// <param name="SnapshotId">The newest snapshot that this made; null: there was nothing to do, or nothing was done.</param>
public sealed record TableCompactionResult(
    int DataFiles, int DeleteFiles, int NewFiles, long Rows, long Bytes, long? NewBytes, int FilesLeft, int Manifests, string? SnapshotId, bool DryRun);

/// <summary>Merges the manifests of a table, so that planning a statement reads few of them.</summary>
[RequiresPermission(Permissions.TablesWrite)]
public sealed record RewriteManifests(string Namespace, string Name, bool DryRun = false) : IRequest<ManifestRewriteResult>, IAuditedRequest
{
    public string AuditObject => $"table/{Namespace}.{Name}";
}

/// <param name="After">Equal to <paramref name="Before"/> when there was nothing to merge; null: not done.</param>
public sealed record ManifestRewriteResult(int Before, int? After, bool DryRun);

/// <summary>Deletes files in a table's folders that no snapshot refers to and that are older than <c>Retention:OrphanAge</c>: leftovers of writes and expiries that broke off.</summary>
[RequiresPermission(Permissions.TablesWrite)]
public sealed record RemoveOrphans(string Namespace, string Name, bool DryRun = false) : IRequest<OrphanRemovalResult>, IAuditedRequest
{
    public string AuditObject => $"table/{Namespace}.{Name}";
}

/// <param name="Files">Files that nothing refers to and that are old enough.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Young">Files that nothing refers to yet and that are not old enough: a write may be going on.</param>
/// <param name="Deleted">Of <paramref name="Files"/>.</param>
/// <param name="Failed">Of <paramref name="Files"/>, that could not be deleted.</param>
/// <param name="Failure">Why the first of them could not.</param>
/// <param name="Examples">Paths of some.</param>
public sealed record OrphanRemovalResult(int Files, long Bytes, int Young, int Deleted, int Failed, string? Failure, IReadOnlyList<string> Examples, bool DryRun);
