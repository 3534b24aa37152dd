using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Store;
using LakePortal.Kernel.Runs;
using LakePortal.Kernel.Scheduling;
using MediatR;

namespace LakePortal.Ingestion.Syncs.Status;

/// <summary>What lists and pages show of a sync.</summary>
internal sealed class SyncSummaries(IRunStore runs, IJobSchedule schedule, CaptureStore captures, ITableCatalog catalog)
{
    public async Task<SyncSummary> SummarizeAsync(SyncRow row, CancellationToken cancellationToken)
    {
        var definition = SyncResolver.Read(row.Name, row.Document);
        var newest = await runs.ListAsync(new RunFilter { Kind = "sync", Name = row.Name, Limit = 1 }, cancellationToken);
        var last = newest is [var only, ..] ? only : null;
        var state = last?.State switch
        {
            RunState.Queued => "queued",
            RunState.Running => "running",
            _ when row.Paused => "paused",
            RunState.Failed => "failed",
            null => "never-run",
            _ => "idle",
        };
        var followed = CaptureService.Follows(definition.Mode) ? await captures.FindTableAsync(row.Name, cancellationToken) : null;
        if (followed is not null && last?.State is not (RunState.Queued or RunState.Running))
        {
            state = row.Paused && followed.State == CaptureStates.Streaming ? "paused" : followed.State;
        }

        // What a load counted is not what there is once changes follow.
        var (raw, refined) = followed is null
            ? (row.RowsRaw, row.RowsRefined)
            : (TableRows.Of(await catalog.FindAsync(definition.Raw, cancellationToken)), TableRows.Of(await catalog.FindAsync(definition.Refined, cancellationToken)));
        var reason = state == "failed" ? last!.Error?.Message : Limits(definition);
        var next = definition.Schedule is null ? [] : await schedule.NextFireTimesAsync(SyncJob.Name, row.Name, 1, cancellationToken);
        return new SyncSummary(row.Name, row.Source, definition.SourceTable, definition.Mode, state, reason, definition.Raw.ToString(), definition.Refined.ToString(),
            definition.Schedule, next.Count > 0 ? next[0] : null, row.LastCommitAt, raw, refined, last)
            with { Reason = followed?.Reason ?? reason, LastCommitAt = followed?.LastCommitAt ?? row.LastCommitAt };
    }

    private static string? Limits(SyncDefinition sync) =>
        sync.Cursor is null ? null : "Incremental loads see inserted and changed rows, not deleted ones: reload in mode full now and then, or use snapshot, where rows are deleted.";
}

internal sealed class ListSyncsHandler(SyncStore store, SyncSummaries summaries) : IRequestHandler<ListSyncs, IReadOnlyList<SyncSummary>>
{
    public async Task<IReadOnlyList<SyncSummary>> Handle(ListSyncs request, CancellationToken cancellationToken)
    {
        var result = new List<SyncSummary>();
        foreach (var row in await store.ListAsync(request.Source, cancellationToken))
        {
            result.Add(await summaries.SummarizeAsync(row, cancellationToken));
        }

        return result;
    }
}
