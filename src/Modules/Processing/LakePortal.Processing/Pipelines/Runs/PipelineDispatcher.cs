using Microsoft.Extensions.Logging;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>Runs that are active in this process: at most <c>concurrency</c> of a pipeline at once, the others in line behind them.</summary>
internal sealed partial class PipelineDispatcher(PipelineRunner runner, ILogger<PipelineDispatcher> logger) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private readonly CancellationTokenSource _stopping = new();

    private sealed class Entry(RunPlan plan)
    {
        public RunPlan Plan { get; } = plan;

        // Has neither timer nor wait handle, and may be cancelled after the run has ended: left to the collector.
        public CancellationTokenSource Cancel { get; } = new();

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsRunning { get; set; }
    }

    public bool IsActive(string pipeline)
    {
        lock (_lock)
        {
            return _entries.Any(e => e.Plan.Definition.Name == pipeline);
        }
    }

    /// <summary>Plans in line that have not started, oldest first.</summary>
    public IReadOnlyList<RunPlan> Waiting(string pipeline)
    {
        lock (_lock)
        {
            return [.. _entries.Where(e => !e.IsRunning && e.Plan.Definition.Name == pipeline).Select(e => e.Plan)];
        }
    }

    public void Enqueue(RunPlan plan)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            _entries.Add(new Entry(plan));
            StartNext(plan.Definition.Name);
        }
    }

    /// <summary>Completes when the run has ended; null when it is not active here.</summary>
    public Task? WhenEnded(string runId)
    {
        lock (_lock)
        {
            return Find(runId)?.Ended.Task;
        }
    }

    /// <returns>False when it is not active here.</returns>
    public bool Cancel(string runId)
    {
        Entry? entry;
        lock (_lock)
        {
            entry = Find(runId);
            if (entry is { IsRunning: false })
            {
                // Goes through the runner all the same, which records it as cancelled without starting a task.
                entry.Cancel.Cancel();
                Start(entry);
            }
        }

        entry?.Cancel.Cancel();
        return entry is not null;
    }

    /// <summary>Stops everything and waits until it is recorded.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] active;
        lock (_lock)
        {
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            _stopping.Cancel();
            foreach (var entry in _entries.Where(e => !e.IsRunning).ToList())
            {
                Start(entry);
            }

            active = [.. _entries.Select(e => e.Ended.Task)];
        }

        await Task.WhenAll(active);
        _stopping.Dispose();
    }

    private Entry? Find(string runId) => _entries.Find(e => e.Plan.RunId == runId);

    private void StartNext(string pipeline)
    {
        var running = _entries.Count(e => e.IsRunning && e.Plan.Definition.Name == pipeline);
        foreach (var entry in _entries.Where(e => !e.IsRunning && e.Plan.Definition.Name == pipeline).ToList())
        {
            if (running >= entry.Plan.Definition.Concurrency)
            {
                return;
            }

            Start(entry);
            running++;
        }
    }

    private void Start(Entry entry)
    {
        entry.IsRunning = true;
        var cancel = entry.Cancel.Token;
        var stopping = _stopping.Token;
        _ = Task.Run(() => RunAsync(entry, cancel, stopping), CancellationToken.None);
    }

    private async Task RunAsync(Entry entry, CancellationToken cancel, CancellationToken stopping)
    {
        var plan = entry.Plan;
        try
        {
            await runner.RunAsync(plan, cancel, stopping);
        }
        catch (Exception exception)
        {
            // Only the control database can bring us here; the run stays open there and is closed as interrupted at the next start.
            LogNotRecorded(logger, plan.RunId, plan.Definition.Name, exception);
        }
        finally
        {
            lock (_lock)
            {
                _entries.Remove(entry);
                if (!stopping.IsCancellationRequested)
                {
                    StartNext(plan.Definition.Name);
                }
            }

            entry.Ended.SetResult();
        }
    }

    [LoggerMessage(3104, LogLevel.Error, "The end of run {RunId} of pipeline {Pipeline} could not be recorded")]
    private static partial void LogNotRecorded(ILogger logger, string runId, string pipeline, Exception exception);
}
