using System.Text.Json.Nodes;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Scheduling;

namespace LakePortal.Ingestion.Syncs;

/// <summary><c>kind: sync</c>: one document, one sync per table that it matches when it is applied.</summary>
internal sealed class SyncKind(SyncResolver resolver, SyncStore store, SyncRunner runner, IJobSchedule schedule, IChangeFeed feed) : IConfigurationKind
{
    public string Kind => "sync";

    public int Order => 20;

    public string WritePermission => Permissions.SyncsWrite;

    public string ReadPermission => Permissions.SyncsRead;

    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var changes = new List<PlannedChange>();
        var faults = new List<InputFault>();
        var others = await store.ListAsync(null, cancellationToken);
        foreach (var (definition, wanted) in await resolver.ResolveAsync(document, cancellationToken))
        {
            var clash = others.Where(o => o.Name != definition.Name).Select(o => SyncResolver.Read(o.Name, o.Document))
                .FirstOrDefault(o => o.Raw == definition.Raw || o.Refined == definition.Refined);
            if (clash is not null)
            {
                faults.Add(ConfigBinder.Fault(document, "raw", $"The sync '{clash.Name}' writes to {(clash.Raw == definition.Raw ? clash.Raw : clash.Refined)} already.", "Give this one tables of its own with name, raw and refined."));
                continue;
            }

            changes.Add(ConfigDiff.Plan(Kind, definition.Name, await ExportAsync(definition.Name, cancellationToken), wanted));
        }

        return faults.Count == 0 ? changes : throw ConfigBinder.Invalid(document, faults);
    }

    public async Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        foreach (var (definition, wanted) in await resolver.ResolveAsync(document, cancellationToken))
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

            feed.Publish($"sync/{definition.Name}");
        }

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
        await schedule.RemoveAsync(SyncJob.Name, name, cancellationToken);
        await store.DeleteAsync(name, cancellationToken);
        feed.Publish("syncs");
    }
}
