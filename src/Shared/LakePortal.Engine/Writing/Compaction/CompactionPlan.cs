using LakePortal.Engine.Writing.Merging;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Compaction;

/// <summary>Data files of one partition that become one file.</summary>
/// <param name="Tasks">In the order of their age: rows stay in the order in which they came.</param>
internal sealed record CompactionBin(IReadOnlyList<FileScanTask> Tasks)
{
    public long Bytes { get; } = Tasks.Sum(t => t.File.FileSizeInBytes);
}

/// <summary>Chooses what is written anew.</summary>
internal static class CompactionPlan
{
    // Beyond it, opening the files of a bin takes more than reading them.
    private const int MostFilesPerBin = 2_000;

    public static IReadOnlyList<CompactionBin> Choose(ScanPlan plan, CompactionRules rules, long targetBytes)
    {
        var shared = plan.Tasks.SelectMany(t => t.Deletes.Where(d => DeleteFileWriter.TargetOf(d) is null)).GroupBy(d => d.Path).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        var bins = new List<CompactionBin>();
        foreach (var partition in plan.Tasks.Where(IsReadable).GroupBy(t => Key(t.File)))
        {
            var wanted = partition
                .Select(t => (Task: t, IsWorn: Deleted(t, shared) >= rules.DeleteShare * t.File.RecordCount && Deleted(t, shared) > 0))
                .Where(t => t.IsWorn || t.Task.File.FileSizeInBytes < rules.SmallFileBytes)
                .OrderBy(t => t.Task.File.DataSequenceNumber ?? 0).ThenBy(t => t.Task.File.Path, StringComparer.Ordinal).ToList();
            List<(FileScanTask Task, bool IsWorn)> bin = [];
            foreach (var file in wanted)
            {
                if (bin.Count > 0 && (bin.Count >= MostFilesPerBin || bin.Sum(f => f.Task.File.FileSizeInBytes) + file.Task.File.FileSizeInBytes > targetBytes))
                {
                    Close(bin);
                    bin = [];
                }

                bin.Add(file);
            }

            Close(bin);
        }

        // The smallest gain the most; what is left is for another time.
        var left = rules.MostBytes;
        return [.. bins.OrderBy(b => b.Bytes / b.Tasks.Count).TakeWhile((b, i) => (left -= b.Bytes) >= 0 || i == 0)];

        void Close(List<(FileScanTask Task, bool IsWorn)> bin)
        {
            if (bin.Any(f => f.IsWorn) || bin.Count >= Math.Max(2, rules.MinSmallFiles))
            {
                bins.Add(new CompactionBin([.. bin.Select(f => f.Task)]));
            }
        }
    }

    /// <summary>Rows of a file that are deleted, as far as manifests tell: deletes that several files share are taken for evenly spread.</summary>
    public static double Deleted(FileScanTask task, IReadOnlyDictionary<string, int> shared) =>
        task.Deletes.Sum(d => DeleteFileWriter.TargetOf(d) is null ? (double)d.RecordCount / shared[d.Path] : d.RecordCount);

    /// <summary>Rows of other formats, or deleted by value, are left to whoever wrote them.</summary>
    private static bool IsReadable(FileScanTask task) =>
        task.File.Format.Equals("PARQUET", StringComparison.OrdinalIgnoreCase)
        && task.Deletes.All(d => d.Content == FileContent.PositionDeletes && d.Format.Equals("PARQUET", StringComparison.OrdinalIgnoreCase));

    private static string Key(ContentFile file) => ContentFileJson.Write([new ContentFile
    {
        Content = FileContent.Data, Path = "", SpecId = file.SpecId, Partition = file.Partition, RecordCount = 0, FileSizeInBytes = 0,
    }]);
}
