using System.Text.Json;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Capture.Status;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Reconciliation.Running;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Store;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.Kernel.Scheduling;
using MediatR;

namespace LakePortal.Ingestion.Syncs.Status;

internal sealed class GetSyncStatusHandler(
    SyncStore store, SourceStore sources, SyncSummaries summaries, SyncRunDetails details, ReconciliationStore reconciliations, CaptureReports captures, IJobSchedule schedule,
    SourceSystems systems, TimeProvider clock) : IRequestHandler<GetSyncStatus, SyncStatus>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<SyncStatus> Handle(GetSyncStatus request, CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(request.Name, cancellationToken);
        var definition = SyncResolver.Read(row.Name, row.Document);
        var summary = await summaries.SummarizeAsync(row, cancellationToken);
        var verified = await reconciliations.VerifiedAsync(request.Name, cancellationToken);
        var reconcile = definition.Reconcile is { } r
            ? new ReconciliationSchedule(r.Schedule, r.Timezone, r.Method, r.Sample, r.Repair, (await schedule.NextFireTimesAsync(ReconcileJob.Name, row.Name, 1, cancellationToken)).Select(t => (DateTimeOffset?)t).FirstOrDefault())
            : null;
        if (CaptureService.Follows(definition.Mode) && await captures.FindAsync(row.Source, cancellationToken) is { } capture)
        {
            return (await FollowedAsync(row, definition, summary, capture, cancellationToken)) with
            {
                VerifiedThrough = verified?.Position,
                VerifiedAt = verified?.At,
                Reconcile = reconcile,
            };
        }

        var (position, lag) = await AskAsync(definition, row.Position, cancellationToken);
        return new SyncStatus(
            summary, position, row.Position, row.Position,
            row.LastCommitAt is { } at ? Math.Max(0, (clock.GetUtcNow() - at).TotalSeconds) : null, lag, definition.Cursor, row.CursorValue,
            row.Key is null ? [] : JsonSerializer.Deserialize<List<string>>(row.Key)!,
            row.Columns is null ? [] : JsonSerializer.Deserialize<List<SyncColumn>>(row.Columns)!,
            summary.LastRun is { } run ? await details.FindAsync(run, definition.Mode, cancellationToken) : null)
        {
            VerifiedThrough = verified?.Position,
            VerifiedAt = verified?.At,
            Reconcile = reconcile,
        };
    }

    private async Task<SyncStatus> FollowedAsync(SyncRow row, SyncDefinition definition, SyncSummary summary, CaptureStatus capture, CancellationToken cancellationToken)
    {
        var table = capture.Tables.FirstOrDefault(t => t.Sync == row.Name);

        // A table without changes stands where its source stands.
        var applied = table is { State: CaptureStates.Streaming } ? capture.CapturedPosition : table?.RefinedPosition;
        return new SyncStatus(
            summary with { State = table is null || summary.State is "running" or "queued" ? summary.State : table.State, Reason = table?.Reason ?? capture.Reason ?? summary.Reason, LastCommitAt = table?.LastCommitAt ?? summary.LastCommitAt },
            capture.SourcePosition, capture.CapturedPosition, applied, capture.LagSeconds, capture.LagBytes, null, null,
            row.Key is null ? [] : JsonSerializer.Deserialize<List<string>>(row.Key)!,
            row.Columns is null ? [] : JsonSerializer.Deserialize<List<SyncColumn>>(row.Columns)!,
            summary.LastRun is { } run ? await details.FindAsync(run, definition.Mode, cancellationToken) : null)
        {
            Capture = capture,
            SchemaPolicy = definition.SchemaPolicy,
        };
    }

    /// <summary>Where the source's log is. The status is there also when the source is not: then it is unknown.</summary>
    private async Task<(string? Position, long? Lag)> AskAsync(SyncDefinition sync, string? applied, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var source = await sources.GetAsync(sync.Source, both.Token);
            var now = await systems.For(source).PositionAsync(source, both.Token);
            return (now?.ToString(), now is { } at && LogPosition.TryParse(applied) is { } done && systems.For(source).BytesBetween(done, at) is { } lag ? lag : null);
        }
        catch (Exception e) when (e is LakePortalException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (null, null);
        }
    }
}

/// <summary>The details of a run, from memory while it goes on, else from the control database.</summary>
internal sealed class SyncRunDetails(SyncRunner runner, OffloadStore store)
{
    public async Task<SyncRunDetail> FindAsync(RunInfo run, string mode, CancellationToken cancellationToken)
    {
        var facts = runner.FindActiveRun(run.Id)?.Facts ?? await store.FindDetailAsync(run.Id, cancellationToken) ?? new SyncRunFacts(run.Id, run.Name, mode);
        return new SyncRunDetail(run, facts.Mode, facts.Position, facts.Consistency, facts.Attempt, facts.Chunks, facts.RawSnapshotId, facts.RefinedSnapshotId);
    }
}

internal sealed class GetSyncRunHandler(IRunStore runs, SyncStore syncs, SyncRunDetails details) : IRequestHandler<GetSyncRun, SyncRunDetail>
{
    public async Task<SyncRunDetail> Handle(GetSyncRun request, CancellationToken cancellationToken)
    {
        var run = await runs.FindAsync(request.RunId, cancellationToken);
        if (run is not { Kind: "sync" })
        {
            throw new ObjectNotFoundException("sync run", request.RunId);
        }

        var row = await syncs.FindAsync(run.Name, cancellationToken);
        return await details.FindAsync(run, row is null ? "batch" : SyncResolver.Read(row.Name, row.Document).Mode, cancellationToken);
    }
}
