using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Queries.History;
using MediatR;

namespace LakePortal.Serving.Queries.Execute;

internal sealed class CancelQueryHandler(QueryRegistry registry, ICallerAccessor callers) : IRequestHandler<CancelQuery, bool>
{
    public Task<bool> Handle(CancelQuery request, CancellationToken cancellationToken) =>
        Task.FromResult(registry.Cancel(request.QueryId, callers.Current ?? throw new NotSignedInException()));
}

internal sealed class GetQueryProgressHandler(QueryRegistry registry, ICallerAccessor callers) : IRequestHandler<GetQueryProgress, double?>
{
    public Task<double?> Handle(GetQueryProgress request, CancellationToken cancellationToken) =>
        Task.FromResult(registry.Find(request.QueryId, callers.Current ?? throw new NotSignedInException())?.Progress);
}

internal sealed class ListActiveQueriesHandler(QueryRegistry registry, ICallerAccessor callers)
    : IRequestHandler<ListActiveQueries, IReadOnlyList<ActiveQuery>>
{
    public Task<IReadOnlyList<ActiveQuery>> Handle(ListActiveQueries request, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ActiveQuery>>(
        [
            .. registry.Visible(callers.Current ?? throw new NotSignedInException())
                .Select(q => new ActiveQuery(q.QueryId, q.User, q.Sql, q.State.ToString().ToLowerInvariant(), q.StartedAt, q.Progress)),
        ]);
}

internal sealed class ListQueryHistoryHandler(QueryRegistry registry, QueryHistory history, ICallerAccessor callers)
    : IRequestHandler<ListQueryHistory, IReadOnlyList<QueryHistoryEntry>>
{
    public async Task<IReadOnlyList<QueryHistoryEntry>> Handle(ListQueryHistory request, CancellationToken cancellationToken)
    {
        var caller = callers.Current ?? throw new NotSignedInException();
        var limit = Math.Clamp(request.Limit, 1, 1000);
        var running = registry.Own(caller)
            .Where(q => request.Contains is null || q.Sql.Contains(request.Contains, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(q => q.StartedAt)
            .Select(q => new QueryHistoryEntry(q.QueryId, caller.User, q.Sql, "running", q.StartedAt, null, null, null))
            .ToList();
        var past = await history.ListAsync(caller.User, limit, request.Contains, cancellationToken);
        return [.. running.Concat(past.Where(p => running.All(r => r.QueryId != p.QueryId))).Take(limit)];
    }
}
