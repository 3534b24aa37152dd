using System.Globalization;
using System.Reflection;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

/// <summary>The summary of a snapshot: what it added and removed, and the totals carried on from its parent.</summary>
internal static class SnapshotSummary
{
    private static readonly string Version = typeof(SnapshotSummary).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public static Dictionary<string, string> Build(
        string operation, Snapshot? parent, IReadOnlyList<ContentFile> added, IReadOnlyList<ContentFile> removed, IReadOnlyDictionary<string, string> extra)
    {
        var summary = new Dictionary<string, string>(StringComparer.Ordinal) { ["operation"] = operation };
        foreach (var (key, value) in extra)
        {
            summary[key] = value;
        }

        var plus = new Counts(added);
        var minus = new Counts(removed);
        void Set(string key, long value)
        {
            if (value > 0)
            {
                summary[key] = value.ToString(CultureInfo.InvariantCulture);
            }
        }

        Set("added-data-files", plus.DataFiles);
        Set("deleted-data-files", minus.DataFiles);
        Set("added-delete-files", plus.PositionFiles + plus.EqualityFiles);
        Set("removed-delete-files", minus.PositionFiles + minus.EqualityFiles);
        Set("added-position-delete-files", plus.PositionFiles);
        Set("removed-position-delete-files", minus.PositionFiles);
        Set("added-equality-delete-files", plus.EqualityFiles);
        Set("removed-equality-delete-files", minus.EqualityFiles);
        Set("added-position-deletes", plus.PositionRows);
        Set("removed-position-deletes", minus.PositionRows);
        Set("added-equality-deletes", plus.EqualityRows);
        Set("removed-equality-deletes", minus.EqualityRows);
        Set("added-records", plus.Rows);
        Set("deleted-records", minus.Rows);
        Set("added-files-size", plus.Bytes);
        Set("removed-files-size", minus.Bytes);
        summary["changed-partition-count"] = added.Concat(removed).Select(PartitionKey.Of).Distinct().Count().ToString(CultureInfo.InvariantCulture);

        void Total(string key, long change)
        {
            // A parent that does not say leaves the total unknown for all its descendants.
            var before = parent is null ? 0 : parent.Summary.TryGetValue(key, out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : (long?)null;
            if (before is { } known && known + change >= 0)
            {
                summary[key] = (known + change).ToString(CultureInfo.InvariantCulture);
            }
        }

        Total("total-records", plus.Rows - minus.Rows);
        Total("total-files-size", plus.Bytes - minus.Bytes);
        Total("total-data-files", plus.DataFiles - minus.DataFiles);
        Total("total-delete-files", plus.PositionFiles + plus.EqualityFiles - minus.PositionFiles - minus.EqualityFiles);
        Total("total-position-deletes", plus.PositionRows - minus.PositionRows);
        Total("total-equality-deletes", plus.EqualityRows - minus.EqualityRows);
        summary["engine-name"] = "lakeportal";
        summary["engine-version"] = Version;
        return summary;
    }

    private sealed class Counts
    {
        public Counts(IReadOnlyList<ContentFile> files)
        {
            foreach (var file in files)
            {
                Bytes += file.ContentSizeInBytes ?? file.FileSizeInBytes;
                switch (file.Content)
                {
                    case FileContent.Data:
                        DataFiles++;
                        Rows += file.RecordCount;
                        break;
                    case FileContent.PositionDeletes:
                        PositionFiles++;
                        PositionRows += file.RecordCount;
                        break;
                    default:
                        EqualityFiles++;
                        EqualityRows += file.RecordCount;
                        break;
                }
            }
        }

        public long DataFiles { get; }

        public long Rows { get; }

        public long PositionFiles { get; }

        public long PositionRows { get; }

        public long EqualityFiles { get; }

        public long EqualityRows { get; }

        public long Bytes { get; }
    }
}
