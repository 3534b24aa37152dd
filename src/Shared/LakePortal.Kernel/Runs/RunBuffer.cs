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

    /// <summary>Number of the last line of each run that this process wrote to, guarded by <see cref="_flushing"/>.</summary>
    private readonly Dictionary<string, long> _sequences = new(StringComparer.Ordinal);
    private readonly List<Line> _lines = [];
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
            // PostgreSQL's text cannot hold it, and a source's own message may.
            _lines.Add(new Line(runId, clock.GetUtcNow(), level, task, message.Replace('\0', '\uFFFD')));
        }
    }

    public void Forget(string runId) => _progress.TryRemove(runId, out _);

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _flushing.WaitAsync(cancellationToken);
        try
        {
            List<Line> lines;
            lock (_linesLock)
            {
                lines = [.. _lines];
            }

            var progress = _unwritten.ToArray();
            if (lines.Count == 0 && progress.Length == 0)
            {
                return;
            }

            // Whose request happens to flush must not matter: a commit that is given up half-way may still have taken place.
            await WriteAsync(lines);
            await using (var database = await databases.CreateDbContextAsync(CancellationToken.None))
            {
                foreach (var (runId, value) in progress)
                {
                    var json = JsonSerializer.Serialize(value);
                    await database.Runs.Where(r => r.Id == runId)
                        .ExecuteUpdateAsync(s => s.SetProperty(r => r.Progress, json), CancellationToken.None);
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

    private async Task WriteAsync(List<Line> lines)
    {
        for (var attempt = 1; lines.Count > 0; attempt++)
        {
            try
            {
                await using var database = await databases.CreateDbContextAsync(CancellationToken.None);
                await NumberAsync(database, lines);
                await database.SaveChangesAsync(CancellationToken.None);
                break;
            }
            catch (DbUpdateException) when (attempt == 1)
            {
                // Another process wrote to one of these runs: its lines come first.
                _sequences.Clear();
            }
            catch
            {
                // What the database has now is not known; the next flush asks it.
                _sequences.Clear();
                throw;
            }
        }

        lock (_linesLock)
        {
            _lines.RemoveRange(0, lines.Count);
        }
    }

    /// <summary>Lines get their numbers behind those that the database has: an earlier process may have begun the run's log.</summary>
    private async Task NumberAsync(RunsDbContext database, List<Line> lines)
    {
        if (_sequences.Count > 1000)
        {
            _sequences.Clear();
        }

        foreach (var run in lines.GroupBy(l => l.RunId, StringComparer.Ordinal))
        {
            if (!_sequences.TryGetValue(run.Key, out var sequence))
            {
                sequence = await database.LogLines.Where(l => l.RunId == run.Key).MaxAsync(l => (long?)l.Sequence) ?? 0;
            }

            foreach (var line in run)
            {
                database.LogLines.Add(new RunLogRow { RunId = line.RunId, Sequence = ++sequence, At = line.At, Level = line.Level, Task = line.Task, Message = line.Message });
            }

            _sequences[run.Key] = sequence;
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

    private sealed record Line(string RunId, DateTimeOffset At, RunLogLevel Level, string? Task, string Message);
}
