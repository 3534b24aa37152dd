using LakePortal.Portal.Hosting;
using LakePortal.Portal.Parts.Values;
using LakePortal.Serving.Contracts.Tables;

namespace LakePortal.Portal.Pages.Tables;

/// <summary>Something that keeps a table in shape: what it would do now, and the doing.</summary>
public sealed record MaintenanceAction(
    string Name, string Description, string Verb, Func<IPortalSender, string, string, CancellationToken, Task<string>> PreviewAsync, Func<IPortalSender, string, string, CancellationToken, Task<string>> RunAsync)
{
    public static readonly IReadOnlyList<MaintenanceAction> All =
    [
        new("Compact files", "Writes small files, and files with many deleted rows, anew as few large ones. No row changes; writers go on.", "Compact",
            async (sender, ns, name, ct) => Would(await sender.Send(new CompactTable(ns, name, DryRun: true), ct)),
            async (sender, ns, name, ct) => Did(await sender.Send(new CompactTable(ns, name), ct))),
        new("Expire snapshots", "Takes old snapshots out of the history, tags the last one of each day of a refined table, and deletes files that nothing refers to any more.", "Expire",
            async (sender, ns, name, ct) => Would(await sender.Send(new ExpireSnapshots(ns, name, DryRun: true), ct)),
            async (sender, ns, name, ct) => Did(await sender.Send(new ExpireSnapshots(ns, name), ct))),
        new("Rewrite manifests", "Merges manifests, so that planning a statement reads few of them.", "Rewrite",
            async (sender, ns, name, ct) => $"The table has {Formats.Counted((await sender.Send(new RewriteManifests(ns, name, DryRun: true), ct)).Before, "manifest")}.",
            async (sender, ns, name, ct) => Did(await sender.Send(new RewriteManifests(ns, name), ct))),
        new("Remove orphans", "Deletes files in the table's folders that no snapshot refers to and that are old: leftovers of writes that broke off.", "Remove",
            async (sender, ns, name, ct) => Would(await sender.Send(new RemoveOrphans(ns, name, DryRun: true), ct)),
            async (sender, ns, name, ct) => Did(await sender.Send(new RemoveOrphans(ns, name), ct))),
    ];

    private static string Would(TableCompactionResult found) => found.DataFiles == 0
        ? "There is nothing to compact."
        : $"{Formats.Counted(found.DataFiles, "data file")} and {Formats.Counted(found.DeleteFiles, "delete file")} ({Formats.Bytes(found.Bytes)}) would become about {Formats.Counted(found.NewFiles, "file")}.";

    private static string Did(TableCompactionResult done) => done.DataFiles == 0 && done.FilesLeft == 0
        ? "There was nothing to compact."
        : $"{Formats.Counted(done.DataFiles, "data file")} ({Formats.Bytes(done.Bytes)}) became {Formats.Counted(done.NewFiles, "file")} ({Formats.Bytes(done.NewBytes ?? 0)})."
          + (done.FilesLeft == 0 ? "" : $" {Formats.Counted(done.FilesLeft, "file")} kept changing and are left for another time.");

    private static string Would(TableExpiryResult found) =>
        $"{Formats.Count(found.Expired)} of {Formats.Counted(found.Snapshots, "snapshot")} and {Formats.Counted(found.RefsRemoved, "tag")} would go; {Formats.Counted(found.DaysTagged, "day")} would get a tag.";

    private static string Did(TableExpiryResult done) =>
        $"{Formats.Count(done.Expired)} of {Formats.Counted(done.Snapshots, "snapshot")} are gone; {Formats.Counted(done.FilesDeleted, "file")} of earlier ones deleted, {Formats.Count(done.FilesWaiting)} wait." + Failed(done.FilesFailed, done.Failure);

    private static string Did(ManifestRewriteResult done) => $"{Formats.Counted(done.Before, "manifest")} became {Formats.Count(done.After ?? done.Before)}.";

    private static string Would(OrphanRemovalResult found) => found.Files == 0
        ? $"There are no orphans{(found.Young > 0 ? $"; {Formats.Counted(found.Young, "file")} are too young to tell" : "")}."
        : $"{Formats.Counted(found.Files, "file")} ({Formats.Bytes(found.Bytes)}) would be deleted, such as {found.Examples[0]}.";

    private static string Did(OrphanRemovalResult done) => $"{Formats.Counted(done.Deleted, "file")} deleted." + Failed(done.Failed, done.Failure);

    private static string Failed(int files, string? why) => why is null ? "" : $" {Formats.Counted(files, "file")} could not be deleted: {why}";
}
