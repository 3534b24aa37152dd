using System.Globalization;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Data files that are read in the same way: same layout, same kinds of deletes.</summary>
internal sealed record FileGroup(FileLayout Layout, IReadOnlyList<FileScanTask> Tasks)
{
    public bool HasPositionDeletes => Tasks.Any(t => t.Deletes.Any(DeleteKinds.IsPosition));

    public bool HasDeletionVectors => Tasks.Any(t => t.Deletes.Any(DeleteKinds.IsVector));

    /// <summary>Equality deletes by their set of field ids. All tasks of a group have the same.</summary>
    public IEnumerable<IGrouping<string, ContentFile>> EqualityDeletes =>
        Tasks[0].Deletes.Where(DeleteKinds.IsEquality).GroupBy(DeleteKinds.EqualityKey, StringComparer.Ordinal);

    public static IReadOnlyList<FileGroup> Of(IEnumerable<(FileScanTask Task, FileLayout Layout)> files) =>
    [
        .. files
            .GroupBy(f => (f.Layout.Signature, DeleteKinds.GroupKey(f.Task)))
            .Select(g => new FileGroup(g.First().Layout, [.. g.Select(f => f.Task)])),
    ];
}

internal static class DeleteKinds
{
    public static bool IsVector(ContentFile file) =>
        file.Content == FileContent.PositionDeletes && string.Equals(file.Format, "PUFFIN", StringComparison.OrdinalIgnoreCase);

    public static bool IsPosition(ContentFile file) => file.Content == FileContent.PositionDeletes && !IsVector(file);

    public static bool IsEquality(ContentFile file) => file.Content == FileContent.EqualityDeletes;

    public static string EqualityKey(ContentFile file) =>
        string.Join(',', (file.EqualityIds ?? []).Order().Select(i => i.ToString(CultureInfo.InvariantCulture)));

    /// <summary>
    /// Position deletes name their data file and so can be applied to many files at once; equality deletes apply to whatever they stand
    /// beside, so only files with exactly the same ones may be read together.
    /// </summary>
    public static string GroupKey(FileScanTask task) => task.Deletes.Count == 0
        ? ""
        : (task.Deletes.Any(d => d.Content == FileContent.PositionDeletes) ? "p|" : "|")
            + string.Join('|', task.Deletes.Where(IsEquality).Select(d => d.Path).Order(StringComparer.Ordinal));
}
