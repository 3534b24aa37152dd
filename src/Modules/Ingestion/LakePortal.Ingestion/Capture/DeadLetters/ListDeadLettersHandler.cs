using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Reconciliation.Running;
using LakePortal.Ingestion.Syncs;
using MediatR;

namespace LakePortal.Ingestion.Capture.DeadLetters;

/// <summary>Payloads hold values of the refined table: its policies decide who sees them.</summary>
internal sealed class ListDeadLettersHandler(SyncStore syncs, DeadLetterReplay letters, ValueVisibility visibility) : IRequestHandler<ListDeadLetters, IReadOnlyList<DeadLetterInfo>>
{
    private const int MostRows = 1000;

    public async Task<IReadOnlyList<DeadLetterInfo>> Handle(ListDeadLetters request, CancellationToken cancellationToken)
    {
        var row = await syncs.GetAsync(request.Sync, cancellationToken);
        var sync = SyncResolver.Read(row.Name, row.Document);
        var found = await letters.ReadAsync(sync, !request.All, null, request.Before, Math.Clamp(request.Limit, 1, MostRows), cancellationToken);
        var hidden = found.Count == 0 ? [] : await visibility.HiddenAsync(sync.Refined.ToString(), cancellationToken);
        return
        [
            .. found.Select(l => new DeadLetterInfo(
                l.Position, l.Operation, l.Xid, l.CommittedAt, hidden is { Count: 0 } ? l.Reason : "A column's value does not fit its type; policies of the table keep the rest from you.",
                hidden is null ? null : ValueVisibility.Without(l.Payload, hidden), hidden is not { Count: 0 }, l.LandedAt, l.ReplayedAt, l.Outcome)),
        ];
    }
}
