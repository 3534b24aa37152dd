using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Syncs;
using MediatR;

namespace LakePortal.Ingestion.Capture.Status;

internal sealed class RestartCaptureHandler(SyncStore syncs, CaptureStore store, CaptureService captures) : IRequestHandler<RestartCapture>
{
    public async Task<Unit> Handle(RestartCapture request, CancellationToken cancellationToken)
    {
        var row = await syncs.GetAsync(request.Sync, cancellationToken);
        if (!CaptureService.Follows(SyncResolver.Read(row.Name, row.Document).Mode))
        {
            throw NotFollowed.Of(request.Sync);
        }

        // What held the table may be put right by now; what it missed is loaded.
        if (await store.FindTableAsync(request.Sync, cancellationToken) is { State: CaptureStates.Held })
        {
            _ = await store.ChangeTableAsync(request.Sync, row.Source, t => (t.State, t.Reason, t.Hint) = (CaptureStates.Waiting, null, null), cancellationToken);
        }

        await store.AddEventAsync(row.Source, request.Sync, "restart", "Restarted by hand.", null, cancellationToken);
        await captures.RestartAsync(row.Source, cancellationToken);
        return Unit.Value;
    }
}

internal sealed class BootstrapSyncHandler(SyncStore syncs, SyncRunner runner) : IRequestHandler<BootstrapSync, string>
{
    public async Task<string> Handle(BootstrapSync request, CancellationToken cancellationToken)
    {
        var row = await syncs.GetAsync(request.Name, cancellationToken);
        return CaptureService.Follows(SyncResolver.Read(row.Name, row.Document).Mode)
            ? await runner.StartAsync(request.Name, OffloadRequest.Bootstrap, "manual", null, cancellationToken)
            : throw NotFollowed.Of(request.Name);
    }
}

internal static class NotFollowed
{
    public static CaptureHeldException Of(string sync) => new(sync, $"'{sync}' does not follow changes.", $"Set its mode to cdc or bootstrap+cdc; a batch run is started with: ./lake sync {sync}");
}
