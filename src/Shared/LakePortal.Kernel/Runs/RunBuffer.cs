using System.Collections.Concurrent;
using System.Text.Json;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Runs.Persistence;
using LakePortal.Kernel.Telemetry;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LakePortal.Kernel.Runs;

/// <summary>Progress and log lines between the worker that reports them, which must not wait, and the database. Written every second and on demand.</summary>
internal sealed class RunBuffer(
    IDbContextFactory<RunsDbContext> databases, IChangeFeed feed, TimeProvider clock, ILogger<RunBuffer> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, RunProgress> _progress = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RunProgress> _unwritten = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _sequences = new(StringComparer.Ordinal);
    private readonly List<RunLogRow> _lines = [];
    private readonly Lock _linesLock = new();

    // Never disposed: the last flush runs while the host disposes its services, and without a wait handle there is nothing to free.
    private readonly SemaphoreSlim _flushing = new(1, 1);

    public void Report(string runId, RunProgress progress)
    {
        _progress[runId] = progress;
        _unwritten[runId] = progress;
    }

    public RunProgress? LatestProgress(string runId) => _progress.GetValueOrDefault(runId);

    public void Log(string runId, RunLogLevel level, string? task, string message)
    {
        lock (_linesLock)
        {
            var sequence = _sequences.GetValueOrDefault(runId) + 1;
            _sequences[runId] = sequence;
            _lines.Add(new RunLogRow
            {
                RunId = runId, Sequence = sequence, At = clock.GetUtcNow(), Level = level, Task = task,
                // PostgreSQL's text cannot hold it, and a source's own message may.
                Message = message.Replace('\0', '\uFFFD'),
            });
        }
    }

    public void Forget(string runId)
    {
        _progress.TryRemove(runId, out _);
        lock (_linesLock)
        {
            // Lines may follow a finish (a late warning); they go on counting from where the run ended.
            if (_sequences.Count > 1000)
            {
                foreach (var old in _sequences.Keys.Where(k => !_progress.ContainsKey(k)).Order(StringComparer.Ordinal).Take(500).ToList())
                {
                    _sequences.Remove(old);
                }
            }
        }
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _flushing.WaitAsync(cancellationToken);
        try
        {
            List<RunLogRow> lines;
            lock (_linesLock)
            {
                lines = [.. _lines];
            }

            var progress = _unwritten.ToArray();
            if (lines.Count == 0 && progress.Length == 0)
            {
                return;
            }

            await using (var database = await databases.CreateDbContextAsync(cancellationToken))
            {
                database.LogLines.AddRange(lines);
                await database.SaveChangesAsync(cancellationToken);
                lock (_linesLock)
                {
                    _lines.RemoveRange(0, lines.Count);
                }

                foreach (var (runId, value) in progress)
                {
                    var json = JsonSerializer.Serialize(value);
                    await database.Runs.Where(r => r.Id == runId)
                        .ExecuteUpdateAsync(s => s.SetProperty(r => r.Progress, json), cancellationToken);
                    _unwritten.TryRemove(new(runId, value));
                }
            }

            foreach (var runId in progress.Select(p => p.Key).Concat(lines.Select(l => l.RunId)).Distinct(StringComparer.Ordinal))
            {
                feed.Publish($"run/{runId}");
            }

            if (progress.Length > 0)
            {
                feed.Publish("runs");
            }
        }
        finally
        {
            _flushing.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryFlushAsync();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await TryFlushAsync();
        }
    }

    private async Task TryFlushAsync()
    {
        try
        {
            await FlushAsync(CancellationToken.None);
        }
        catch (Exception error)
        {
            KernelLog.RunFlushFailed(logger, error);
        }
    }
}
