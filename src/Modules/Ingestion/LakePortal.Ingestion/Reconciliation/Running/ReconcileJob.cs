using LakePortal.Ingestion.Syncs;
using LakePortal.Kernel.Scheduling;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>Compares a table with its source by the clock. A paused table is left alone: its lake stands still on purpose.</summary>
internal sealed class ReconcileJob(ReconciliationRunner runner, SyncStore syncs) : IScheduledJob
{
    public const string Name = "ingestion.reconcile";

    public async Task ExecuteAsync(string id, DateTimeOffset scheduledAt, CancellationToken cancellationToken)
    {
        if (await syncs.FindAsync(id, cancellationToken) is { Paused: false } row && SyncResolver.Read(row.Name, row.Document).Reconcile is { } reconcile)
        {
            _ = await runner.StartAsync(id, reconcile.Method, reconcile.Repair, reconcile.Sample, "schedule", cancellationToken);
        }
    }
}
