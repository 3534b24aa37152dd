using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Runs;
using LakePortal.Kernel.Scheduling;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Pipelines.Runs;
using LakePortal.Processing.Pipelines.Triggers;
using LakePortal.Processing.Storage;
using MediatR;

namespace LakePortal.Processing.Pipelines.Reading;

internal sealed class PipelineSummaries(IRunStore runs, IJobSchedule schedule)
{
    /// <summary>Runs that the average looks back over.</summary>
    private const int AverageOver = 20;

    public async Task<PipelineSummary> MakeAsync(PipelineRow row, PipelineDefinition definition, CancellationToken cancellationToken)
    {
        var latest = await runs.ListAsync(new RunFilter { Kind = "pipeline", Name = row.Name, Limit = 1 }, cancellationToken);
        var good = await runs.ListAsync(
            new RunFilter { Kind = "pipeline", Name = row.Name, State = RunState.Succeeded, Limit = AverageOver }, cancellationToken);
        var seconds = good.Where(r => r is { StartedAt: not null, FinishedAt: not null })
            .Select(r => (r.FinishedAt!.Value - r.StartedAt!.Value).TotalSeconds).ToList();
        return new PipelineSummary(
            row.Name,
            definition.Tasks.Count,
            definition.Schedule,
            definition.Schedule is null ? null : definition.TimeZone.Id,
            [.. definition.WhenChanged.Select(t => t.ToString())],
            row.IsPaused,
            definition.Schedule is null ? [] : await schedule.NextFireTimesAsync(PipelineSchedule.Job, row.Name, 5, cancellationToken),
            latest.Count == 0 ? null : latest[0],
            seconds.Count == 0 ? null : seconds.Average());
    }
}

internal sealed class ListPipelinesHandler(PipelineStore store, PipelineReader reader, PipelineSummaries summaries)
    : IRequestHandler<ListPipelines, IReadOnlyList<PipelineSummary>>
{
    public async Task<IReadOnlyList<PipelineSummary>> Handle(ListPipelines request, CancellationToken cancellationToken)
    {
        var list = new List<PipelineSummary>();
        foreach (var row in await store.ListAsync(cancellationToken))
        {
            list.Add(await summaries.MakeAsync(row, reader.Read(row), cancellationToken));
        }

        return list;
    }
}

internal sealed class GetPipelineHandler(PipelineStore store, PipelineReader reader, PipelineSummaries summaries)
    : IRequestHandler<GetPipeline, PipelineDetail>
{
    public async Task<PipelineDetail> Handle(GetPipeline request, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(request.Name, cancellationToken) ?? throw new ObjectNotFoundException("pipeline", request.Name);
        var definition = reader.Read(row);
        return new PipelineDetail(
            await summaries.MakeAsync(row, definition, cancellationToken),
            [.. definition.Tasks.Select(Describe)],
            definition.Parameters.ToDictionary(p => p.Key, p => p.Value.Text, StringComparer.Ordinal));
    }

    private static TaskDefinition Describe(PipelineTask task) => task switch
    {
        SqlTask sql => new TaskDefinition(
            sql.Name, sql.Type, sql.After, sql.Target.ToString(), sql.Write.ToString().ToLowerInvariant(), sql.Key, sql.Sql, null,
            sql.Retries, sql.Timeout?.TotalSeconds)
        {
            PartitionBy = [.. sql.PartitionBy.Select(PartitionByText.Write)],
        },
        SyncTask sync => new TaskDefinition(
            sync.Name, sync.Type, sync.After, null, null, [], null, sync.Sync, sync.Retries, sync.Timeout?.TotalSeconds),
        _ => new TaskDefinition(task.Name, task.Type, task.After, null, null, [], null, null, task.Retries, task.Timeout?.TotalSeconds),
    };
}

internal sealed class SetPipelinePausedHandler(
    PipelineStore store, PipelineReader reader, IJobSchedule schedule, ChangeTriggers triggers, IChangeFeed feed) : IRequestHandler<SetPipelinePaused>
{
    public async Task<Unit> Handle(SetPipelinePaused request, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(request.Name, cancellationToken) ?? throw new ObjectNotFoundException("pipeline", request.Name);
        await store.SetPausedAsync(request.Name, request.Paused, cancellationToken);
        if (reader.Read(row).Schedule is not null)
        {
            await schedule.SetPausedAsync(PipelineSchedule.Job, request.Name, request.Paused, cancellationToken);
        }

        if (!request.Paused)
        {
            triggers.CheckAll();
        }

        feed.Publish("pipelines");
        return Unit.Value;
    }
}
