using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Kernel.Runs;

/// <summary>Runs of any kind, newest first.</summary>
[RequiresPermission(Permissions.SystemRead)]
public sealed record ListRuns(RunFilter Filter) : IRequest<IReadOnlyList<RunInfo>>;

/// <exception cref="Errors.ObjectNotFoundException">No such run.</exception>
[RequiresPermission(Permissions.SystemRead)]
public sealed record GetRun(string RunId) : IRequest<RunInfo>;

[RequiresPermission(Permissions.SystemRead)]
public sealed record ReadRunLog(string RunId, long AfterSequence = 0, int Limit = 1000) : IRequest<IReadOnlyList<RunLogLine>>;
