using System.Collections.Concurrent;

namespace LakePortal.Engine.Queries.Running;

internal sealed class RunningQueries : IRunningQueries
{
    private readonly ConcurrentDictionary<string, QueryTicket> _tickets = new(StringComparer.Ordinal);

    public IReadOnlyList<RunningQuery> List() => [.. _tickets.Values.Select(t => t.Describe()).OrderBy(q => q.StartedAt)];

    public bool Cancel(string queryId) => _tickets.TryGetValue(queryId, out var ticket) && ticket.Cancel();

    public void Add(QueryTicket ticket)
    {
        if (!_tickets.TryAdd(ticket.QueryId, ticket))
        {
            throw new StatementRefusedException($"A query with the id '{ticket.QueryId}' runs already.", "Give each query an id of its own, or none.");
        }
    }

    public void Remove(QueryTicket ticket) => _tickets.TryRemove(new KeyValuePair<string, QueryTicket>(ticket.QueryId, ticket));
}
