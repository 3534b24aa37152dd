using System.Collections.Concurrent;
using LakePortal.Engine.Queries;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;

namespace LakePortal.Serving.Queries.Execute;

/// <summary>Whose the running queries are: who started one may look at it and cancel it, also when it runs as somebody else.</summary>
internal sealed class QueryRegistry(IRunningQueries running)
{
    private readonly ConcurrentDictionary<string, string> _owners = new(StringComparer.Ordinal);

    /// <returns>False when a query of this id is running.</returns>
    public bool TryAdd(string queryId, string owner) => _owners.TryAdd(queryId, owner);

    public void Remove(string queryId) => _owners.TryRemove(queryId, out _);

    /// <summary>The caller's own queries that wait or run.</summary>
    public IReadOnlyList<RunningQuery> Own(Caller caller) =>
        [.. running.List().Where(q => _owners.TryGetValue(q.QueryId, out var owner) && owner == caller.User)];

    /// <summary>What the caller may look at: everything with <c>system.read</c>, else the own ones.</summary>
    public IReadOnlyList<RunningQuery> Visible(Caller caller) => caller.Can(Permissions.SystemRead) ? running.List() : Own(caller);

    /// <summary>Null when it is not running.</summary>
    /// <exception cref="PermissionDeniedException">It is somebody else's.</exception>
    public RunningQuery? Find(string queryId, Caller caller)
    {
        var query = running.List().FirstOrDefault(q => q.QueryId == queryId);
        return query is null || caller.Can(Permissions.SystemRead) || _owners.GetValueOrDefault(queryId) == caller.User
            ? query
            : throw new PermissionDeniedException(Permissions.SystemRead);
    }

    public bool Cancel(string queryId, Caller caller) => Find(queryId, caller) is not null && running.Cancel(queryId);
}
