using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>
/// Finds the snapshot that a task has committed already. The snapshot is the only witness: a process may die between the commit and the
/// note about it. Only snapshots that <c>main</c> still descends from count, so that a table that was rolled back can be written again.
/// </summary>
internal sealed class OwnCommits(ITableCatalog catalog)
{
    /// <summary>By this very run.</summary>
    public Task<Snapshot?> OfRunAsync(TableIdentifier target, string runId, string task, CancellationToken cancellationToken) =>
        FindAsync(target, SummaryKeys.Run, runId, task, cancellationToken);

    /// <summary>By any run of the chain of re-runs.</summary>
    public Task<Snapshot?> OfChainAsync(TableIdentifier target, string rootRunId, string task, CancellationToken cancellationToken) =>
        FindAsync(target, SummaryKeys.RootRun, rootRunId, task, cancellationToken);

    /// <summary>Rows as the summary counts them; null when it does not.</summary>
    public static long? Count(Snapshot snapshot, string key) =>
        snapshot.Summary.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;

    private async Task<Snapshot?> FindAsync(TableIdentifier target, string key, string value, string task, CancellationToken cancellationToken)
    {
        var table = await catalog.FindAsync(target, cancellationToken);
        return table?.Metadata.History().FirstOrDefault(s => s.Summary.GetValueOrDefault(key) == value && s.Summary.GetValueOrDefault(SummaryKeys.Task) == task);
    }
}
