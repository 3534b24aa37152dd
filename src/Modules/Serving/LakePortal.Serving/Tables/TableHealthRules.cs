using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;
using LakePortal.Serving.Contracts.Tables;

namespace LakePortal.Serving.Tables;

/// <summary>Rules that tell whether a table is in good shape: each with what was measured, where it stops being good, and what to do then.</summary>
internal static class TableHealthRules
{
    private const long Kilo = 1024;
    private const long Mega = Kilo * 1024;

    /// <param name="plan">An unfiltered scan of the newest snapshot.</param>
    /// <param name="metadataBytes">Size of the metadata file; null when it cannot be told.</param>
    public static IReadOnlyList<TableHealth> Judge(Table table, ScanPlan plan, long? metadataBytes)
    {
        var data = plan.Tasks.Select(t => t.File).ToList();
        var deletes = plan.Tasks.SelectMany(t => t.Deletes).DistinctBy(d => (d.Path, d.ContentOffset)).ToList();
        return
        [
            SmallFiles(data),
            DeleteRatio(data, deletes),
            EqualityDeletes(deletes),
            Manifests(plan.Statistics.ManifestsTotal),
            Snapshots(table.Metadata.Snapshots.Count),
            MetadataSize(metadataBytes),
        ];
    }

    internal static TableHealth SmallFiles(IReadOnlyList<ContentFile> data)
    {
        var average = data.Count == 0 ? 0 : data.Sum(f => f.FileSizeInBytes) / data.Count;
        var state = data.Count > 100 && average < Mega ? "bad" : data.Count > 10 && average < 8 * Mega ? "warn" : "good";
        return new TableHealth(
            "small-files", state, $"{data.Count} data files, {Size(average)} on average", "average below 8 MiB with more than 10 files (bad: 1 MiB, 100)",
            state == "good" ? null : "Compact the table: many small files make every read slower. Writing less often, or replacing it in a pipeline, has the same effect.");
    }

    internal static TableHealth DeleteRatio(IReadOnlyList<ContentFile> data, IReadOnlyList<ContentFile> deletes)
    {
        var rows = data.Sum(f => f.RecordCount);
        var deleted = deletes.Where(d => d.Content == FileContent.PositionDeletes).Sum(d => d.RecordCount);
        var ratio = rows == 0 ? 0 : (double)deleted / rows;
        var state = ratio >= 0.3 ? "bad" : ratio >= 0.1 ? "warn" : "good";
        return new TableHealth(
            "deleted-rows", state,
            string.Create(CultureInfo.InvariantCulture, $"{ratio:P1} of {rows} rows in {deletes.Count} delete files"), "10 % (bad: 30 %)",
            state == "good" ? null : "Compact the table: every read has to skip the deleted rows.");
    }

    internal static TableHealth EqualityDeletes(IReadOnlyList<ContentFile> deletes)
    {
        var count = deletes.Count(d => d.Content == FileContent.EqualityDeletes);
        return new TableHealth(
            "equality-deletes", count == 0 ? "good" : count > 20 ? "bad" : "warn", $"{count} files", "any (bad: 20)",
            count == 0 ? null : "Compact the table in the engine that writes it: equality deletes cost a join on every read.");
    }

    internal static TableHealth Manifests(int count)
    {
        var state = count > 1000 ? "bad" : count > 100 ? "warn" : "good";
        return new TableHealth(
            "manifests", state, count.ToString(CultureInfo.InvariantCulture), "100 (bad: 1000)",
            state == "good" ? null : "Rewrite the manifests: planning a query reads all of them.");
    }

    internal static TableHealth Snapshots(int count)
    {
        // A table that follows its source makes hundreds between two expiries.
        var state = count > 5000 ? "bad" : count > 1000 ? "warn" : "good";
        return new TableHealth(
            "snapshots", state, count.ToString(CultureInfo.InvariantCulture), "1000 (bad: 5000)",
            state == "good" ? null : "Expire old snapshots: they keep files on disk and make every commit write more metadata.");
    }

    internal static TableHealth MetadataSize(long? bytes)
    {
        var state = bytes > 64 * Mega ? "bad" : bytes > 8 * Mega ? "warn" : "good";
        return new TableHealth(
            "metadata-size", state, bytes is { } known ? Size(known) : "unknown", "8 MiB (bad: 64 MiB)",
            state == "good" ? null : "Expire old snapshots: the metadata file is read and written with every commit.");
    }

    private static string Size(long bytes) => bytes switch
    {
        >= Mega => string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / Mega:0.0} MiB"),
        >= Kilo => string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / Kilo:0.0} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
    };
}
