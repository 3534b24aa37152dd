using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;
using LakePortal.Serving.Contracts.Tables;

namespace LakePortal.Serving.Tables;

/// <summary>What metadata alone tells about a table.</summary>
internal static class Summaries
{
    public static TableSummary Summarise(Table table)
    {
        var snapshot = table.Metadata.CurrentSnapshot;
        return new TableSummary(
            table.Identifier.Namespace,
            table.Identifier.Name,
            Rows(snapshot),
            Number(snapshot, "total-files-size"),
            (int?)Number(snapshot, "total-data-files"),
            snapshot?.Timestamp ?? table.Metadata.LastUpdated,
            table.Schema.Fields.Count,
            table.IsReadOnly);
    }

    // How many rows an equality delete takes is known only by reading them.
    private static long? Rows(Snapshot? snapshot) => Number(snapshot, "total-records") is { } records && (Number(snapshot, "total-equality-deletes") ?? 0) == 0
        ? records - (Number(snapshot, "total-position-deletes") ?? 0)
        : null;

    public static IReadOnlyList<TableColumn> Columns(Table table) =>
        [.. table.Schema.Fields.Select(f => new TableColumn(f.Id, f.Name, TypeNames.Describe(f.Type), f.Required, f.Doc))];

    public static IReadOnlyList<string> Key(Table table) =>
        [.. table.Schema.IdentifierFieldIds.Select(id => table.Schema.FindById(id)?.Name ?? id.ToString(CultureInfo.InvariantCulture))];

    public static IReadOnlyList<string> PartitionBy(Table table) =>
        [.. table.Metadata.DefaultSpec.Fields.Where(f => f.Transform.Name != "void").Select(f =>
        {
            var column = table.Schema.FindById(f.SourceId)?.Name ?? f.Name;
            return f.Transform switch
            {
                { Name: "identity" } => column,
                { Parameter: > 0 } t => $"{t.Name}({t.Parameter}, {column})",
                var t => $"{t.Name}({column})",
            };
        })];

    /// <summary>Newest first, by the order of commits.</summary>
    public static IReadOnlyList<TableSnapshotInfo> Snapshots(Table table) =>
        [.. table.Metadata.Snapshots.OrderByDescending(s => s.SequenceNumber).ThenByDescending(s => s.Timestamp).Select(s => new TableSnapshotInfo(
            Text(s.SnapshotId),
            s.ParentSnapshotId is { } parent ? Text(parent) : null,
            s.Timestamp,
            s.Operation,
            Number(s, "added-records") ?? 0,
            (Number(s, "deleted-records") ?? 0) + (Number(s, "added-position-deletes") ?? 0),
            Rows(s),
            (int)(Number(s, "added-data-files") ?? 0),
            (int)(Number(s, "deleted-data-files") ?? 0),
            s.Summary))];

    public static IReadOnlyList<TableRefInfo> Refs(Table table) =>
        [.. table.Metadata.Refs.OrderBy(r => r.Key, StringComparer.Ordinal)
            .Select(r => new TableRefInfo(r.Key, r.Value.IsTag ? "tag" : "branch", Text(r.Value.SnapshotId)))];

    public static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);

    private static long? Number(Snapshot? snapshot, string key) =>
        snapshot is not null && snapshot.Summary.TryGetValue(key, out var text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
