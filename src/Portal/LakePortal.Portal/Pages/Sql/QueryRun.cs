using System.Globalization;
using System.Text.RegularExpressions;
using LakePortal.Kernel.Errors;
using LakePortal.Portal.Hosting;
using LakePortal.Serving.Contracts.Queries;

namespace LakePortal.Portal.Pages.Sql;

public enum QueryState
{
    Idle,
    Running,
    Cancelled,
    Failed,
    Succeeded,
}

/// <summary>One statement at a time: its state, its progress while it runs, and what came of it.</summary>
public sealed partial class QueryRun
{
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromMilliseconds(500);

    public QueryState State { get; private set; } = QueryState.Idle;

    public string Sql { get; private set; } = "";

    public string? QueryId { get; private set; }

    public DateTimeOffset? StartedAt { get; private set; }

    public TimeSpan? Took { get; private set; }

    /// <summary>0 to 100; null: the engine cannot tell.</summary>
    public double? Progress { get; private set; }

    public QueryAnswer? Answer { get; private set; }

    public Exception? Failure { get; private set; }

    public bool IsCancelling { get; private set; }

    /// <summary>Where in the statement the error is, when the engine says so.</summary>
    public (int Line, int Column)? Position => Failure is null ? null : PositionOf(Failure) ?? PlaceOfName(Sql, Failure.Message);

    public async Task ExecuteAsync(
        IPortalSender sender, TimeProvider time, string sql, int limit, Func<Task> changed, CancellationToken cancellationToken)
    {
        QueryId = Guid.CreateVersion7().ToString("n");
        (State, Sql, StartedAt, Took, Progress, Answer, Failure, IsCancelling) =
            (QueryState.Running, sql, time.GetUtcNow(), null, null, null, null, false);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = WatchAsync(sender, time, QueryId, changed, done.Token);
        try
        {
            // Leaving the page cancels the statement in the engine: nobody would read its answer.
            Answer = await sender.Send(new ExecuteQuery(sql, Limit: limit, QueryId: QueryId, Client: "portal"), cancellationToken);
            State = QueryState.Succeeded;
        }
        catch (OperationCanceledException)
        {
            State = QueryState.Cancelled;
        }
        catch (LakePortalException failure) when (IsCancelling && failure.Code.EndsWith("cancelled", StringComparison.Ordinal))
        {
            State = QueryState.Cancelled;
        }
        catch (Exception failure)
        {
            Failure = failure;
            State = QueryState.Failed;
        }

        Took = time.GetUtcNow() - StartedAt;
        await done.CancelAsync();
        await watch;
    }

    public async Task CancelAsync(IPortalSender sender, CancellationToken cancellationToken)
    {
        if (State != QueryState.Running || QueryId is null)
        {
            return;
        }

        IsCancelling = true;
        await sender.Send(new CancelQuery(QueryId), cancellationToken);
    }

    private async Task WatchAsync(IPortalSender sender, TimeProvider time, string queryId, Func<Task> changed, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ProgressPeriod, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                Progress = await sender.Send(new GetQueryProgress(queryId), cancellationToken);
                await changed();
            }
        }
        catch (OperationCanceledException)
        {
            // The statement ended, and with it the watching.
        }
        catch (LakePortalException)
        {
            // Progress is a courtesy: the statement itself reports what is wrong.
            Progress = null;
        }
    }

    private static (int, int)? PositionOf(Exception failure)
    {
        var texts = failure is LakePortalException known ? known.Faults.Select(f => f.Path).Append(failure.Message) : [failure.Message];
        foreach (var text in texts)
        {
            if (LineAndColumn().Match(text) is { Success: true } match)
            {
                return (int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
            }
        }

        return null;
    }

    /// <summary>Where the name that the engine complains about stands, when it stands in one place only.</summary>
    private static (int, int)? PlaceOfName(string sql, string message)
    {
        if (QuotedName().Match(message) is not { Success: true } match)
        {
            return null;
        }

        var found = Regex.Matches(sql, $@"(?<!\w){Regex.Escape(match.Groups[1].Value)}(?!\w)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        if (found.Count != 1)
        {
            return null;
        }

        var before = sql[..found[0].Index];
        return (before.Count(c => c == '\n') + 1, found[0].Index - (before.LastIndexOf('\n') + 1) + 1);
    }

    [GeneratedRegex(@"no (?:column|table|function) '([^']{1,200})'", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex QuotedName();

    [GeneratedRegex(@"line (\d{1,6}),? column (\d{1,6})", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LineAndColumn();
}
