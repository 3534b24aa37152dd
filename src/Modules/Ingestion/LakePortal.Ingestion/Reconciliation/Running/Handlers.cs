using System.Text.Json;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Reconciliation.Rolling;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using MediatR;

namespace LakePortal.Ingestion.Reconciliation.Running;

internal sealed class StartReconciliationHandler(ReconciliationRunner runner) : IRequestHandler<StartReconciliation, string>
{
    public Task<string> Handle(StartReconciliation request, CancellationToken cancellationToken) =>
        runner.StartAsync(request.Sync, request.Method, request.Repair, request.Sample, request.Trigger, cancellationToken);
}

internal sealed class BackfillSyncHandler(ReconciliationRunner runner) : IRequestHandler<BackfillSync, string>
{
    public Task<string> Handle(BackfillSync request, CancellationToken cancellationToken) =>
        request.From is null && request.To is null
            ? throw new InvalidInputException("A window has at least one end.", "Give from, to, or both; ./lake reconcile SYNC --repair compares the whole table.")
            : runner.StartAsync(request.Sync, ReconciliationMethods.Rolling, repair: true, null, "backfill", cancellationToken, new ValueWindow(request.Column, request.From, request.To));
}

internal sealed class ReplayDeadLettersHandler(ReconciliationRunner runner) : IRequestHandler<ReplayDeadLetters, string>
{
    public Task<string> Handle(ReplayDeadLetters request, CancellationToken cancellationToken) =>
        runner.StartAsync(request.Sync, ReconciliationMethods.Rolling, repair: true, null, "replay", cancellationToken, new LetterKeys(request.Positions));
}

internal sealed class AwaitReconciliationHandler(ReconciliationRunner runner, ReconciliationViews views) : IRequestHandler<AwaitReconciliation, ReconciliationInfo>
{
    public async Task<ReconciliationInfo> Handle(AwaitReconciliation request, CancellationToken cancellationToken)
    {
        await runner.AwaitAsync(request.Id, cancellationToken);
        return await views.GetAsync(request.Id, cancellationToken);
    }
}

internal sealed class CancelReconciliationHandler(ReconciliationRunner runner) : IRequestHandler<CancelReconciliation>
{
    public async Task<Unit> Handle(CancelReconciliation request, CancellationToken cancellationToken)
    {
        await runner.CancelAsync(request.Id, cancellationToken);
        return Unit.Value;
    }
}

internal sealed class GetReconciliationHandler(ReconciliationViews views) : IRequestHandler<GetReconciliation, ReconciliationInfo>
{
    public Task<ReconciliationInfo> Handle(GetReconciliation request, CancellationToken cancellationToken) => views.GetAsync(request.Id, cancellationToken);
}

internal sealed class ListReconciliationsHandler(ReconciliationStore store, ReconciliationViews views) : IRequestHandler<ListReconciliations, IReadOnlyList<ReconciliationInfo>>
{
    private const int MostRows = 1000;

    public async Task<IReadOnlyList<ReconciliationInfo>> Handle(ListReconciliations request, CancellationToken cancellationToken)
    {
        var result = new List<ReconciliationInfo>();
        foreach (var row in await store.ListAsync(request.Sync, Math.Clamp(request.Limit, 1, MostRows), request.Before, cancellationToken))
        {
            result.Add(await views.DescribeAsync(row, cancellationToken));
        }

        return result;
    }
}

internal sealed class ListReconciliationRangesHandler(ReconciliationStore store) : IRequestHandler<ListReconciliationRanges, IReadOnlyList<ReconciliationRange>>
{
    public async Task<IReadOnlyList<ReconciliationRange>> Handle(ListReconciliationRanges request, CancellationToken cancellationToken)
    {
        _ = await store.GetAsync(request.Id, cancellationToken);
        return [.. (await store.RangesAsync(request.Id, cancellationToken)).Select(r => new ReconciliationRange(r.Number, r.Low, r.High, r.RowsSource, r.RowsLake, r.Verdict, r.Position))];
    }
}

/// <summary>A reconciliation with the state of its run.</summary>
internal sealed class ReconciliationViews(ReconciliationStore store, IRunStore runs)
{
    public async Task<ReconciliationInfo> GetAsync(string id, CancellationToken cancellationToken) => await DescribeAsync(await store.GetAsync(id, cancellationToken), cancellationToken);

    public async Task<ReconciliationInfo> DescribeAsync(ReconciliationRow row, CancellationToken cancellationToken)
    {
        var run = await runs.FindAsync(row.RunId, cancellationToken);
        var state = run switch
        {
            null => row.Verdict is null ? "interrupted" : "succeeded",
            { State: RunState.Failed, Error.Code: "run.interrupted" } => "interrupted",
            { State: RunState.Queued } => "queued",
            { State: RunState.Running } => "running",
            { State: RunState.Succeeded } => "succeeded",
            { State: RunState.Cancelled } => "cancelled",
            _ => "failed",
        };
        return new ReconciliationInfo(
            row.RunId, row.Sync, row.Method, state, row.Position, row.LakePosition, row.PositionExact, row.LakeSnapshotId, row.RowsSource, row.RowsLake, row.Verdict,
            row.Missing, row.Extra, row.Changed, row.TypeLoss, row.Ranges, row.RangesDifferent, row.Sample, row.Repair, row.Repaired, row.RepairSnapshotId, row.StartedAt,
            Math.Round(row.Seconds, 3), JsonSerializer.Deserialize<List<string>>(row.Notes)!, run?.Error)
        {
            Scope = row.Scope is { } scope ? JsonSerializer.Deserialize<RollingScope>(scope)!.Text : null,
        };
    }
}
