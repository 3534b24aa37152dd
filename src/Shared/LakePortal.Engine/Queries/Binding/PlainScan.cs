using System.Security.Cryptography;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Engine.Queries.Running;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>The scan of one table by itself, without a statement around it and without policies.</summary>
internal sealed class PlainScan(FileLayouts layouts, EmptyFile emptyFile) : ITableScanner
{
    public async Task<TableRows> ScanAsync(Table table, long snapshotId, IReadOnlyList<string> columns, CancellationToken cancellationToken)
    {
        var plan = await table.PlanScanAsync(new SnapshotSelector { SnapshotId = snapshotId }, null, cancellationToken).ConfigureAwait(false);
        var all = ExposedColumn.Of(plan.Schema);
        var wanted = columns
            .Select(c => all.FirstOrDefault(a => a.Name == c) ?? throw new TableUnreadableException(table.Identifier, $"The table '{table.Identifier}' has no column '{c}' at snapshot {snapshotId}.", "Name a column that it had then."))
            .ToList();
        var scan = new TableScan(table, plan, wanted, all, null);
        var files = new LocalFiles(table);
        var vectors = $"lp_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}_v";
        var sql = new ScanSql(scan, files, vectors, emptyFile).Write(await layouts.GroupAsync(scan, files, cancellationToken).ConfigureAwait(false));
        var deleted = new List<(string, IReadOnlyList<long>)>();
        foreach (var task in plan.Tasks)
        {
            foreach (var vector in task.Deletes.Where(DeleteKinds.IsVector))
            {
                deleted.Add((files.PathOf(task.File.Path), await table.ReadDeletionVectorAsync(vector, cancellationToken).ConfigureAwait(false)));
            }
        }

        return new TableRows(sql, deleted.Count > 0 ? new DeletedPositions(vectors, deleted) : null);
    }
}
