using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Runs;
using LakePortal.Kernel.Scheduling;
using MediatR;

namespace LakePortal.Ingestion.Syncs.Running;

internal sealed class RunSyncHandler(SyncRunner runner) : IRequestHandler<RunSync, string>
{
    public Task<string> Handle(RunSync request, CancellationToken cancellationToken) =>
        runner.StartAsync(request.Name, request.Mode, request.Trigger, request.ParentRunId, cancellationToken);
}

internal sealed class AwaitSyncRunHandler(SyncRunner runner) : IRequestHandler<AwaitSyncRun, RunInfo>
{
    public Task<RunInfo> Handle(AwaitSyncRun request, CancellationToken cancellationToken) => runner.AwaitAsync(request.RunId, cancellationToken);
}

internal sealed class CancelSyncRunHandler(SyncRunner runner) : IRequestHandler<CancelSyncRun>
{
    public async Task<Unit> Handle(CancelSyncRun request, CancellationToken cancellationToken)
    {
        await runner.CancelAsync(request.RunId, cancellationToken);
        return Unit.Value;
    }
}

internal sealed class SetSyncPausedHandler(SyncStore store, CaptureService captures, IJobSchedule schedule, IChangeFeed feed) : IRequestHandler<SetSyncPaused>
{
    public async Task<Unit> Handle(SetSyncPaused request, CancellationToken cancellationToken)
    {
        await store.SetPausedAsync(request.Name, request.Paused, cancellationToken);
        if (SyncResolver.Read(request.Name, (await store.GetAsync(request.Name, cancellationToken)).Document).Schedule is not null)
        {
            await schedule.SetPausedAsync(SyncJob.Name, request.Name, request.Paused, cancellationToken);
        }

        captures.RequestRefresh();
        feed.Publish("syncs");
        feed.Publish($"sync/{request.Name}");
        return Unit.Value;
    }
}
