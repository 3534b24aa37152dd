namespace LakePortal.Engine.Queries;

/// <summary>The queries of this process that wait or run.</summary>
public interface IRunningQueries
{
    /// <summary>Oldest first.</summary>
    IReadOnlyList<RunningQuery> List();

    /// <returns>False when no such query runs (any more).</returns>
    bool Cancel(string queryId);
}

public enum QueryState
{
    Waiting,
    Running,
    Streaming,
}

/// <param name="QueryId">Id.</param>
/// <param name="User">For whom it runs.</param>
/// <param name="Sql">The text as it was given.</param>
/// <param name="StartedAt">When it was asked for.</param>
/// <param name="State">What it does now.</param>
/// <param name="Progress">0 to 100; null when the engine cannot tell.</param>
public sealed record RunningQuery(string QueryId, string User, string Sql, DateTimeOffset StartedAt, QueryState State, double? Progress);
