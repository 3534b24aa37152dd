using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Finds out how the wanted columns lie in each data file.</summary>
internal sealed class FileLayouts
{
    public static IReadOnlyList<FileGroup> Group(TableScan scan, Func<string, string> localPath)
    {
        foreach (var task in scan.Plan.Tasks)
        {
            RequireParquet(scan, task);
        }

        _ = localPath;
        return FileGroup.Of(scan.Plan.Tasks.Select(t => (t, FileLayout.Plain)));
    }

    private static void RequireParquet(TableScan scan, FileScanTask task)
    {
        var format = task.Deletes.Where(d => !DeleteKinds.IsVector(d)).Append(task.File)
            .Select(f => f.Format).FirstOrDefault(f => !string.Equals(f, "PARQUET", StringComparison.OrdinalIgnoreCase));
        if (format is not null)
        {
            throw new TableUnreadableException(
                scan.Table.Identifier, $"The table '{scan.Table.Identifier}' has data files in the format {format.ToUpperInvariant()}; only Parquet can be read.",
                "Let the engine that wrote the table rewrite it as Parquet.");
        }
    }
}
