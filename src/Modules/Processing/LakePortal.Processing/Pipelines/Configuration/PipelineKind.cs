using System.Text.Json.Nodes;
using LakePortal.Engine.Queries;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Scheduling;
using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Pipelines.Parameters;
using LakePortal.Processing.Pipelines.Runs;
using LakePortal.Processing.Pipelines.Triggers;
using LakePortal.Processing.Storage;

namespace LakePortal.Processing.Pipelines.Configuration;

/// <summary><c>kind: pipeline</c>.</summary>
internal sealed class PipelineKind(
    PipelineStore store, PipelineReader reader, PipelineDispatcher dispatcher, IJobSchedule schedule, ChangeTriggers triggers, ILakeEngine engine,
    IChangeFeed feed, TimeProvider time) : IConfigurationKind
{
    public string Kind => "pipeline";

    public int Order => 30;

    public string WritePermission => Permissions.PipelinesWrite;

    public string ReadPermission => Permissions.PipelinesRead;

    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var pipeline = ConfigBinder.Bind<PipelineDocument>(document);
        var definition = reader.Read(document, pipeline);
        var missing = await CheckStatementsAsync(document, pipeline, definition, cancellationToken);
        var before = await ExportAsync(pipeline.Name, cancellationToken);
        return [ConfigDiff.Plan(Kind, pipeline.Name, before, ConfigBinder.ToJson(pipeline)) with { Traffic = PipelineTraffic.Of(pipeline) with { Missing = missing } }];
    }

    public async Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var pipeline = ConfigBinder.Bind<PipelineDocument>(document);
        var definition = reader.Read(document, pipeline);
        var before = await store.FindAsync(pipeline.Name, cancellationToken);
        await store.SaveAsync(pipeline.Name, ConfigBinder.ToJson(pipeline), cancellationToken);
        await PipelineSchedule.SetAsync(schedule, definition, before is { IsPaused: true }, cancellationToken);
        await triggers.WatchAsync(definition, isNew: before is null || WaitsForMore(before, definition), cancellationToken);
        feed.Publish("pipelines");
    }

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(cancellationToken)).Select(p => p.Name)];

    public async Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken) =>
        await store.FindAsync(name, cancellationToken) is { } row ? JsonNode.Parse(row.Document)!.AsObject() : null;

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        if (dispatcher.IsActive(name))
        {
            throw new ConflictException($"The pipeline '{name}' is running.", "Cancel its runs, or wait for their end.");
        }

        await schedule.RemoveAsync(PipelineSchedule.Job, name, cancellationToken);
        triggers.Forget(name);
        await store.DeleteAsync(name, cancellationToken);
        feed.Publish("pipelines");
    }

    public async Task<IReadOnlyList<TableTraffic>> TrafficAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(cancellationToken)).Select(p => PipelineTraffic.Of(ConfigBinder.Bind<PipelineDocument>(
            new ConfigDocument(Kind, JsonNode.Parse(p.Document)!.AsObject(), null, new Dictionary<string, TextPosition>()))))];

    /// <summary>Tables that the saved pipeline did not wait for are taken as they are now, like those of a new one.</summary>
    private static bool WaitsForMore(PipelineRow before, PipelineDefinition definition)
    {
        var seen = PipelineRunStore.ReadSnapshots(before.Seen);
        return definition.WhenChanged.Any(t => !seen.ContainsKey(t.ToString()));
    }

    /// <summary>
    /// What is no SQL, or no SELECT, will never be any: a fault. Tables and columns may be made by the tasks before it, so what is missing
    /// there is left to the run; a missing table that nothing makes is told.
    /// </summary>
    private async Task<IReadOnlyList<MissingTable>> CheckStatementsAsync(
        ConfigDocument document, PipelineDocument pipeline, PipelineDefinition definition, CancellationToken cancellationToken)
    {
        var faults = new FaultList(document);
        var missing = new List<MissingTable>();
        var values = ParameterSet.Start("0", definition.Name, time.GetUtcNow(), definition.TimeZone);
        foreach (var (name, value) in definition.Parameters)
        {
            values.Declare(name, value, null);
        }

        for (var i = 0; i < pipeline.Tasks!.Count; i++)
        {
            if (definition.Task(pipeline.Tasks[i].Name) is not SqlTask task)
            {
                continue;
            }

            try
            {
                await engine.DescribeAsync(new LakeQueryRequest(task.Template.Render(values), Caller.System), cancellationToken);
            }
            catch (Exception exception) when (exception is SqlSyntaxException or StatementRefusedException)
            {
                var known = (LakePortalException)exception;
                faults.Add($"tasks[{i}].sql", known.Message, known.Hint);
            }
            catch (UnknownTableException unknown)
            {
                missing.Add(new MissingTable(unknown.Name, $"tasks[{i}].sql", unknown.Hint));
            }
            catch (LakePortalException)
            {
                // Unknown columns, denied reads: the state of the lake, not of the document.
                continue;
            }
        }

        if (!faults.IsEmpty)
        {
            throw ConfigBinder.Invalid(document, faults.All);
        }

        return missing;
    }
}
