using System.Globalization;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.MySql;
using LakePortal.Ingestion.Syncs;
using MediatR;

namespace LakePortal.Ingestion.Capture.Status;

/// <summary>What is said of captures: from memory while they run, from the control database otherwise.</summary>
internal sealed class CaptureReports(CaptureStore store, CaptureRegistry registry, SyncStore syncs, SourceStore sources)
{
    public async Task<CaptureStatus?> FindAsync(string source, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(source, cancellationToken) is not { } row)
        {
            return null;
        }

        var running = registry.FindSource(source);
        var reading = running?.Meter.Reading;
        var captured = reading?.Captured ?? LogPosition.TryParse(row.CapturedPosition);
        var definition = await sources.FindAsync(source, cancellationToken);
        var isBinary = definition is { IsMySql: true };
        string? Text(LogPosition? position) => position is not { Value: > 0 } p ? null : isBinary ? BinaryLog.Name(row.Slot, p) : p.ToString();
        var tables = new List<CapturedTableStatus>();
        foreach (var sync in await syncs.ListAsync(source, cancellationToken))
        {
            var followed = SyncResolver.Read(sync.Name, sync.Document);
            if (!CaptureService.Follows(followed.Mode))
            {
                continue;
            }

            var known = await store.FindTableAsync(sync.Name, cancellationToken);
            var live = running?.Tables.Get(sync.Name);
            var state = sync.Paused && known?.State == CaptureStates.Streaming ? "paused" : known?.State ?? CaptureStates.Waiting;
            tables.Add(new CapturedTableStatus(
                sync.Name, followed.SourceTable, state, known?.Reason, known?.Hint, Text(live?.RawPosition), Text(live?.RefinedPosition), known?.LastCommitAt, known?.Changes ?? 0, known?.DeadLetters ?? 0, isBinary ? Text(LogPosition.TryParse(known?.GapFrom)) ?? known?.GapFrom : known?.GapFrom));
        }

        // The source is asked now and then; what was captured since was written there before.
        var at = reading?.SourcePosition is { } asked && captured is { } seen && seen > asked ? seen : reading?.SourcePosition;
        var lag = at is not { } s || captured is not { } c ? null : isBinary && s.File != c.File ? reading?.RetainedBytes : (long)(s.Value - c.Value);
        return new CaptureStatus(
            source, running is null ? "stopped" : row.State, row.Reason, row.Hint, isBinary ? "" : row.Slot, isBinary ? "" : row.Publication, Text(at), Text(captured), row.CapturedAt,
            reading?.LagSeconds, lag, reading?.RetainedBytes, reading?.SafeBytes, reading?.SlotStatus, reading?.ChangesPerSecond ?? 0, reading?.Changes ?? 0, tables)
        {
            Reader = isBinary ? definition!.ServerId?.ToString(CultureInfo.InvariantCulture) ?? row.Publication : null,
        };
    }
}

internal sealed class GetCaptureHandler(CaptureReports reports) : IRequestHandler<GetCapture, CaptureStatus?>
{
    public Task<CaptureStatus?> Handle(GetCapture request, CancellationToken cancellationToken) => reports.FindAsync(request.Source, cancellationToken);
}

internal sealed class ListCaptureEventsHandler(CaptureStore store) : IRequestHandler<ListCaptureEvents, IReadOnlyList<CaptureEvent>>
{
    public async Task<IReadOnlyList<CaptureEvent>> Handle(ListCaptureEvents request, CancellationToken cancellationToken) =>
        [.. (await store.EventsAsync(request.Source, request.Sync, Math.Clamp(request.Limit, 1, 1000), cancellationToken)).Select(e => new CaptureEvent(e.Id, e.At, e.Sync, e.Kind, e.Message, e.Position))];
}
