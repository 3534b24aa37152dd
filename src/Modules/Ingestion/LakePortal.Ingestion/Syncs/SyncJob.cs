using LakePortal.Kernel.Scheduling;

namespace LakePortal.Ingestion.Syncs;

/// <summary>Starts a sync by the clock. A run that is still going on when the next is due takes its place.</summary>
internal sealed class SyncJob(SyncRunner runner, SyncStore syncs) : IScheduledJob
{
    public const string Name = "ingestion.sync";

    public async Task ExecuteAsync(string id, DateTimeOffset scheduledAt, CancellationToken cancellationToken)
    {
        if (await syncs.FindAsync(id, cancellationToken) is { Paused: false })
        {
            _ = await runner.StartAsync(id, null, "schedule", null, cancellationToken);
        }
    }
}
