using System.Text.Json.Nodes;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Reconciliation.Running;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Scheduling;

namespace LakePortal.Ingestion.Syncs;

/// <summary><c>kind: sync</c>: one document, one sync per table that it matches when it is applied.</summary>
internal sealed class SyncKind(
    SyncResolver resolver, SyncStore store, SyncRunner runner, CaptureService captures, ReconciliationRunner reconciliations, IJobSchedule schedule, IChangeFeed feed) : IConfigurationKind
{
    public string Kind => "sync";

    public int Order => 20;

    public string WritePermission => Permissions.SyncsWrite;

    public string ReadPermission => Permissions.SyncsRead;

    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var changes = new List<PlannedChange>();
        foreach (var (definition, wanted, warnings) in await resolver.ResolveAsync(document, cancellationToken))
        {
            var change = ConfigDiff.Plan(Kind, definition.Name, await ExportAsync(definition.Name, cancellationToken), wanted);
            changes.Add(change with { Warnings = warnings, Traffic = Traffic(definition) });
        }

        return changes;
    }

    public async Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        foreach (var (definition, wanted, _) in await resolver.ResolveAsync(document, cancellationToken))
        {
            await store.SaveAsync(definition.Name, definition.Source, wanted, cancellationToken);
            if (definition.Schedule is { } cron)
            {
                var paused = (await store.GetAsync(definition.Name, cancellationToken)).Paused;
                await schedule.SetAsync(SyncJob.Name, definition.Name, CronSchedule.Parse(cron, definition.Timezone), paused, cancellationToken);
            }
            else
            {
                await schedule.RemoveAsync(SyncJob.Name, definition.Name, cancellationToken);
            }

            if (definition.Reconcile is { } reconcile)
            {
                await schedule.SetAsync(ReconcileJob.Name, definition.Name, CronSchedule.Parse(reconcile.Schedule, reconcile.Timezone), paused: false, cancellationToken);
            }
            else
            {
                await schedule.RemoveAsync(ReconcileJob.Name, definition.Name, cancellationToken);
            }

            feed.Publish($"sync/{definition.Name}");
        }

        captures.RequestRefresh();
        feed.Publish("syncs");
    }

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) => [.. (await store.ListAsync(null, cancellationToken)).Select(s => s.Name)];

    public async Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken) =>
        await store.FindAsync(name, cancellationToken) is { } row ? JsonNode.Parse(row.Document)!.AsObject() : null;

    /// <summary>The lake's tables stay.</summary>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        _ = await store.GetAsync(name, cancellationToken);
        await runner.StopSyncAsync(name, cancellationToken);
        await reconciliations.ForgetAsync(name, cancellationToken);
        await schedule.RemoveAsync(SyncJob.Name, name, cancellationToken);
        await schedule.RemoveAsync(ReconcileJob.Name, name, cancellationToken);
        await store.DeleteAsync(name, cancellationToken);
        captures.RequestRefresh();
        feed.Publish("syncs");
    }

    public async Task<IReadOnlyList<TableTraffic>> TrafficAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(null, cancellationToken)).Select(s => Traffic(SyncResolver.Read(s.Name, s.Document)))];

    /// <summary>Every table that a sync writes, raw or refined, is its own: two writers would replace each other's rows.</summary>
    private TableTraffic Traffic(SyncDefinition sync) => new(Kind, sync.Name)
    {
        Writes = [new(sync.Raw.ToString(), "raw"), new(sync.Refined.ToString(), "refined")],
        IsSoleWriter = true,
    };
}
