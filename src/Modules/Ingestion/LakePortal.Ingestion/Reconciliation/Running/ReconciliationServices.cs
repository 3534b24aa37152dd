using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Capture.DeadLetters;
using LakePortal.Ingestion.Offload;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>What reconciliations work with.</summary>
internal sealed class ReconciliationServices(
    OffloadServices offload, IEnumerable<ILakeBarrier> barriers, IEnumerable<IRepairLanding> landings, IEnumerable<IRollingLake> rolling, SnapshotTags tags, DeadLetterReplay deadLetters, ReconciliationOptions options)
{
    public OffloadServices Offload { get; } = offload;

    public IReadOnlyList<ILakeBarrier> Barriers { get; } = [.. barriers];

    public IReadOnlyList<IRepairLanding> Landings { get; } = [.. landings];

    /// <summary>Lakes that can be compared range by range.</summary>
    public IReadOnlyList<IRollingLake> Rolling { get; } = [.. rolling];

    public SnapshotTags Tags { get; } = tags;

    public DeadLetterReplay DeadLetters { get; } = deadLetters;

    public ReconciliationOptions Options { get; } = options;
}

/// <summary>Tags keep the snapshots that are being compared from expiring.</summary>
internal sealed class SnapshotTags(ITableCatalog catalog)
{
    /// <summary>Begins the names of branches that hold a table as of a position between two snapshots, until they are tagged.</summary>
    public const string AsOf = "as-of/";

    public static string Prefix(string runId) => $"recon/{runId}";

    public async Task<string> AddAsync(TableIdentifier table, string runId, int number, long snapshotId, CancellationToken cancellationToken)
    {
        var name = number == 0 ? Prefix(runId) : string.Create(CultureInfo.InvariantCulture, $"{Prefix(runId)}/{number}");
        _ = await (await catalog.LoadAsync(table, cancellationToken)).UpdateRefsAsync(r => r.CreateTag(name, snapshotId), cancellationToken);
        return name;
    }

    public async Task RemoveAsync(TableIdentifier table, IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        if (names.Count > 0 && await catalog.FindAsync(table, cancellationToken) is { } found && names.Where(found.Metadata.Refs.ContainsKey).ToList() is { Count: > 0 } present)
        {
            _ = await found.UpdateRefsAsync(r => present.ForEach(n => r.Remove(n)), cancellationToken);
        }
    }

    /// <summary>Of a run that was stopped with its process, and branches that it may have left: an expiry would keep what they point to for ever.</summary>
    public async Task RemoveAsync(TableIdentifier table, string runId, CancellationToken cancellationToken)
    {
        if (await catalog.FindAsync(table, cancellationToken) is { } found)
        {
            await RemoveAsync(table, [.. found.Metadata.Refs.Keys.Where(r => r.StartsWith(Prefix(runId), StringComparison.Ordinal) || r.StartsWith(AsOf, StringComparison.Ordinal))], cancellationToken);
        }
    }
}
