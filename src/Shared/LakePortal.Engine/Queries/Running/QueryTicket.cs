using LakePortal.Engine.Queries.Analysis;

namespace LakePortal.Engine.Queries.Running;

/// <summary>One query from the moment it is asked for: its time limit, who may stop it, and what stopped it.</summary>
internal sealed class QueryTicket : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly ITimer? _timer;
    private readonly Lock _lock = new();
    private volatile StopReason _reason;
    private bool _disposed;

    public QueryTicket(string queryId, string user, string sql, TimeSpan timeout, TimeProvider time)
    {
        (QueryId, User, Sql, Timeout) = (queryId, user, sql, timeout);
        StartedAt = time.GetUtcNow();
        if (timeout > TimeSpan.Zero && timeout != System.Threading.Timeout.InfiniteTimeSpan)
        {
            _timer = time.CreateTimer(_ => Stop(StopReason.Timeout), null, timeout, System.Threading.Timeout.InfiniteTimeSpan);
        }
    }

    private enum StopReason
    {
        None,
        Timeout,
        Cancelled,
    }

    public string QueryId { get; }

    public string User { get; }

    public string Sql { get; }

    public TimeSpan Timeout { get; }

    public DateTimeOffset StartedAt { get; }

    public QueryState State { get; set; } = QueryState.Waiting;

    public Func<double?>? ReadProgress { get; set; }

    /// <summary>Fires on time-out and on cancel by id.</summary>
    public CancellationToken Token => _source.Token;

    public bool Cancel() => Stop(StopReason.Cancelled);

    public RunningQuery Describe() => new(QueryId, User, Sql, StartedAt, State, ReadProgress?.Invoke());

    /// <summary>What to tell the reader when the query was stopped.</summary>
    public Exception Stopped(CancellationToken reader) => _reason switch
    {
        StopReason.Timeout => new QueryTimeoutException(Timeout),
        StopReason.Cancelled => new QueryCancelledException(QueryId),
        _ => new OperationCanceledException(reader),
    };

    /// <summary>
    /// Runs work of the engine on another thread and interrupts it when the token or the ticket fires. An interrupt that comes before the
    /// engine has begun is lost, so it is repeated until the work ends.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<T> work, Action interrupt, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _source.Token);
        if (both.IsCancellationRequested)
        {
            throw Stopped(cancellationToken);
        }

        var task = Task.Run(work, CancellationToken.None);
        try
        {
            return await task.WaitAsync(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (both.IsCancellationRequested)
        {
            while (!task.IsCompleted)
            {
                interrupt();
                await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None)).ConfigureAwait(false);
            }

            if (task.IsCompletedSuccessfully && task.Result is IDisposable result)
            {
                result.Dispose();
            }

            // What the interrupted work says about itself is known already; reading it keeps it from being reported as unobserved.
            _ = task.Exception;
            throw Stopped(cancellationToken);
        }
        catch (DuckDBFailure failure)
        {
            throw both.IsCancellationRequested ? Stopped(cancellationToken) : failure;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _timer?.Dispose();
            _source.Dispose();
        }
    }

    private bool Stop(StopReason reason)
    {
        lock (_lock)
        {
            if (_disposed || _reason != StopReason.None)
            {
                return false;
            }

            _reason = reason;
            _source.Cancel();
            return true;
        }
    }
}
