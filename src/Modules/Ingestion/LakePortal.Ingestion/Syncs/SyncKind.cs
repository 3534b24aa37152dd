using System.Text.Json.Nodes;
using LakePortal.Iceberg;
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
        var resolved = await resolver.ResolveAsync(document, cancellationToken);
        await CheckTargetsAsync(document, [.. resolved.Select(r => r.Definition)], cancellationToken);
        foreach (var (definition, wanted) in resolved)
        {
            changes.Add(ConfigDiff.Plan(Kind, definition.Name, await ExportAsync(definition.Name, cancellationToken), wanted));
        }

        return changes;
    }

    public async Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var resolved = await resolver.ResolveAsync(document, cancellationToken);

        // Once more: another document of the same call may have taken a name since it was planned.
        await CheckTargetsAsync(document, [.. resolved.Select(r => r.Definition)], cancellationToken);
        foreach (var (definition, wanted) in resolved)
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

    /// <summary>Every table that a sync writes, raw or refined, is its own: two writers would replace each other's rows.</summary>
    private async Task CheckTargetsAsync(ConfigDocument document, IReadOnlyList<SyncDefinition> wanted, CancellationToken cancellationToken)
    {
        var faults = new List<InputFault>();
        var taken = new Dictionary<TableIdentifier, string>();
        foreach (var other in (await store.ListAsync(null, cancellationToken)).Where(o => wanted.All(w => w.Name != o.Name)).Select(o => SyncResolver.Read(o.Name, o.Document)))
        {
            (taken[other.Raw], taken[other.Refined]) = (other.Name, other.Name);
        }

        foreach (var sync in wanted)
        {
            foreach (var (path, table) in new[] { ("raw", sync.Raw), ("refined", sync.Refined) })
            {
                if (!taken.TryAdd(table, sync.Name))
                {
                    faults.Add(ConfigBinder.Fault(document, path, $"The sync '{taken[table]}' writes to {table} already.", "Give each sync a raw and a refined table of its own with name, raw and refined."));
                }
            }
        }

        if (faults.Count > 0)
        {
            throw ConfigBinder.Invalid(document, faults);
        }
    }
}
