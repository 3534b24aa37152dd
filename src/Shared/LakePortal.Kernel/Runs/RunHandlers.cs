using LakePortal.Kernel.Errors;
using MediatR;

namespace LakePortal.Kernel.Runs;

internal sealed class ListRunsHandler(IRunStore runs) : IRequestHandler<ListRuns, IReadOnlyList<RunInfo>>
{
    public Task<IReadOnlyList<RunInfo>> Handle(ListRuns request, CancellationToken cancellationToken) =>
        runs.ListAsync(request.Filter, cancellationToken);
}

internal sealed class GetRunHandler(IRunStore runs) : IRequestHandler<GetRun, RunInfo>
{
    public async Task<RunInfo> Handle(GetRun request, CancellationToken cancellationToken) =>
        await runs.FindAsync(request.RunId, cancellationToken) ?? throw new ObjectNotFoundException("run", request.RunId);
}

internal sealed class ReadRunLogHandler(IRunStore runs) : IRequestHandler<ReadRunLog, IReadOnlyList<RunLogLine>>
{
    public Task<IReadOnlyList<RunLogLine>> Handle(ReadRunLog request, CancellationToken cancellationToken) =>
        runs.ReadLogAsync(request.RunId, request.AfterSequence, request.Limit, cancellationToken);
}
