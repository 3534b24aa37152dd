using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.State;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Runs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LakePortal.Ingestion.Syncs;

/// <summary>A run that is queued or running in this process.</summary>
internal sealed class ActiveRun(string runId, string sync)
{
    public string RunId { get; } = runId;

    public string Sync { get; } = sync;

    public CancellationTokenSource Stop { get; } = new();

    public Task Work { get; set; } = Task.CompletedTask;

    public SyncRunFacts? Facts { get; set; }
}

/// <summary>Runs syncs in the background: one run per sync, a limited number at a time.</summary>
internal sealed class SyncRunner(
    SyncStore syncs, SourceStore sources, HashKeys hashKeys, OffloadServices offload, CaptureStore captures, CatchUpRun catchUp, IRunStore runs, ICallerAccessor callers, IChangeFeed feed,
    IngestionOptions options, SyncTurns turns, TimeProvider clock, ILogger<SyncRunner> logger) : IHostedService, IDisposable
{
    private readonly SemaphoreSlim _pool = new(options.ConcurrentRuns);
    private readonly SemaphoreSlim _starting = new(1);
    private readonly ConcurrentDictionary<string, ActiveRun> _active = new(StringComparer.Ordinal);
    private volatile bool _stopping;

    public ActiveRun? FindActive(string sync) => _active.GetValueOrDefault(sync);

    public ActiveRun? FindActiveRun(string runId) => _active.Values.FirstOrDefault(r => r.RunId == runId);

    /// <summary>Starts a run and returns its id; one that is queued or running already is returned instead.</summary>
    public async Task<string> StartAsync(string name, string? mode, string trigger, string? parentId, CancellationToken cancellationToken) =>
        (await TryStartAsync(name, mode, trigger, parentId, () => true, cancellationToken))!;

    /// <param name="isNeeded">Asked when no run of the sync is going on, and none can begin.</param>
    /// <returns>Null: it is not needed.</returns>
    public async Task<string?> TryStartAsync(string name, string? mode, string trigger, string? parentId, Func<bool> isNeeded, CancellationToken cancellationToken)
    {
        var row = await syncs.GetAsync(name, cancellationToken);
        var definition = SyncResolver.Read(row.Name, row.Document);
        var effective = mode ?? definition.Mode;
        if (CaptureService.Follows(definition.Mode))
        {
            // Whoever wants the table fresh waits for the changes; loading it again is for tables that are not followed yet, or when it is asked for.
            var isStreaming = (await captures.FindTableAsync(name, cancellationToken))?.State == CaptureStates.Streaming;
            effective = mode is null && isStreaming ? OffloadRequest.CatchUp : OffloadRequest.Bootstrap;
        }
        else if (effective is not (OffloadRequest.Full or OffloadRequest.Rebuild or OffloadRequest.Bootstrap) && !SyncResolver.Modes.Contains(effective))
        {
            throw new ModeNotAvailableException(effective);
        }

        await _starting.WaitAsync(cancellationToken);
        try
        {
            if (_active.TryGetValue(name, out var running))
            {
                return running.RunId;
            }

            ObjectDisposedException.ThrowIf(_stopping, this);
            if (!isNeeded())
            {
                return null;
            }

            var by = callers.Current?.User ?? Caller.System.User;
            var run = await runs.CreateAsync("sync", name, trigger, by, parentId, cancellationToken);
            var active = new ActiveRun(run.Id, name);
            _active[name] = active;
            active.Work = Task.Run(() => RunAsync(active, effective, trigger), CancellationToken.None);
            return run.Id;
        }
        finally
        {
            _ = _starting.Release();
            Announce(name);
        }
    }

    public async Task<RunInfo> AwaitAsync(string runId, CancellationToken cancellationToken)
    {
        if (FindActiveRun(runId) is { } active)
        {
            await active.Work.WaitAsync(cancellationToken);
        }

        return await runs.FindAsync(runId, cancellationToken) ?? throw new ObjectNotFoundException("run", runId);
    }

    public async Task CancelAsync(string runId, CancellationToken cancellationToken)
    {
        if (FindActiveRun(runId) is { } active)
        {
            await active.Stop.CancelAsync();
        }
        else if (await runs.FindAsync(runId, cancellationToken) is null)
        {
            throw new ObjectNotFoundException("run", runId);
        }
    }

    /// <summary>Cancels what the sync is doing and waits until it has stopped.</summary>
    public async Task StopSyncAsync(string name, CancellationToken cancellationToken)
    {
        if (FindActive(name) is { } active)
        {
            await active.Stop.CancelAsync();
            await active.Work.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Starts again what a stopped process was doing.</summary>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        if (!options.ResumeAtStart)
        {
            return;
        }

        foreach (var sync in await syncs.ListAsync(null, cancellationToken))
        {
            var newest = await runs.ListAsync(new RunFilter { Kind = "sync", Name = sync.Name, Limit = 1 }, cancellationToken);
            var last = newest is [var only, ..] ? only : null;
            var isInterrupted = last is { State: RunState.Running or RunState.Queued } or { State: RunState.Failed, Error.Code: "run.interrupted" };
            // Loads of tables that are followed are taken up again by their capture, once it runs.
            if (isInterrupted && !CaptureService.Follows(SyncResolver.Read(sync.Name, sync.Document).Mode))
            {
                Log.Resuming(logger, sync.Name, last!.Id);
                _ = await StartAsync(sync.Name, null, "resume", last.ParentId, cancellationToken);
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs are stopped, not finished: the next start continues them.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        var running = _active.Values.ToList();
        foreach (var run in running)
        {
            await run.Stop.CancelAsync();
        }

        await Task.WhenAll(running.Select(r => r.Work)).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _pool.Dispose();
        _starting.Dispose();
    }

    private async Task RunAsync(ActiveRun active, string mode, string trigger)
    {
        using var system = callers.Enter(Caller.System);
        try
        {
            await _pool.WaitAsync(active.Stop.Token);
            try
            {
                await runs.StartAsync(active.RunId, CancellationToken.None);
                Announce(active.Sync);
                await OffloadAsync(active, mode, trigger, active.Stop.Token);
            }
            finally
            {
                _ = _pool.Release();
            }
        }
        catch (Exception e)
        {
            await EndAsync(active, e);
        }
        finally
        {
            _ = _active.TryRemove(active.Sync, out _);
            Announce(active.Sync);
            active.Stop.Dispose();
        }
    }

    private async Task OffloadAsync(ActiveRun active, string mode, string trigger, CancellationToken cancellationToken)
    {
        Log.RunStarts(logger, active.Sync, active.RunId, mode, trigger);
        var row = await syncs.GetAsync(active.Sync, cancellationToken);
        var definition = SyncResolver.Read(row.Name, row.Document);
        var source = await sources.GetAsync(definition.Source, cancellationToken);
        if (mode == OffloadRequest.CatchUp)
        {
            var reached = await catchUp.RunAsync(source, definition, cancellationToken);
            await runs.FinishAsync(active.RunId, RunState.Succeeded, null, reached, CancellationToken.None);
            return;
        }

        var request = new OffloadRequest(active.RunId, definition, source, mode, trigger == "resume")
        {
            IsAccepting = trigger == "manual",
            LearnedText = JsonSerializer.Deserialize<Dictionary<string, string>>(row.TextColumns)!,
            HashKey = definition.Hash.Count == 0 ? null : await hashKeys.GetAsync(definition, cancellationToken),
        };
        var progress = new OffloadProgress(runs, active.RunId, definition.SourceTable, clock);
        try
        {
            using var turn = await turns.EnterAsync(active.Sync, cancellationToken);
            var result = await new OffloadRun(offload, request, progress, facts => active.Facts = facts).RunAsync(cancellationToken);
            await syncs.FinishAsync(active.Sync, result, CancellationToken.None);
            await runs.FinishAsync(active.RunId, RunState.Succeeded, null, Describe(result), CancellationToken.None);
            await sources.SetStateAsync(source.Name, "ok", null, CancellationToken.None);
            Log.RunDone(logger, active.Sync, active.RunId, result.RowsRead, result.Seconds);
        }
        catch (AttemptsExhaustedException e) when (e.Last is SourceUnavailableException or SourceSnapshotLostException)
        {
            await sources.SetStateAsync(source.Name, "unreachable", e.Last.Message, CancellationToken.None);
            throw;
        }
        finally
        {
            if (active.Facts is { } facts)
            {
                await offload.Store.SaveDetailAsync(facts, CancellationToken.None);
            }
        }
    }

    private async Task EndAsync(ActiveRun active, Exception error)
    {
        if (active.Stop.IsCancellationRequested && _stopping)
        {
            // Left as running: the kernel marks it as interrupted at the next start, and it is taken up again.
            return;
        }

        if (active.Stop.IsCancellationRequested)
        {
            Log.RunCancelled(logger, active.Sync, active.RunId);
            var cancelled = new RunCancelledException(active.Sync);
            await runs.FinishAsync(active.RunId, RunState.Cancelled, new RunError(cancelled.Code, cancelled.Message, cancelled.Hint), null, CancellationToken.None);
            return;
        }

        var known = error as IngestionException ?? DiskErrors.Translate(error, "the lake") ?? error as LakePortalException;
        if (known is { Kind: not ErrorKind.Internal })
        {
            Log.RunFailed(logger, active.Sync, active.RunId, known.Code, known.Message, known.Hint);
        }
        else
        {
            Log.RunFailedUnexpectedly(logger, error, active.Sync, active.RunId);
        }

        runs.Log(active.RunId, RunLogLevel.Error, null, known?.Message ?? error.Message);
        await runs.FinishAsync(active.RunId, RunState.Failed,
            new RunError(known?.Code ?? "internal", known?.Message ?? $"{error.GetType().Name}: {error.Message}", known?.Hint ?? "The log of the process has the details."), null, CancellationToken.None);
    }

    private void Announce(string sync)
    {
        feed.Publish("syncs");
        feed.Publish($"sync/{sync}");
    }

    private static JsonObject Describe(OffloadResult result) => new()
    {
        ["rows_read"] = result.RowsRead,
        ["bytes_read"] = result.BytesRead,
        ["rows_raw"] = result.RowsRaw,
        ["rows_refined"] = result.RowsRefined,
        // Texts: JavaScript's numbers lose digits beyond 2^53.
        ["raw_snapshot_id"] = result.RawSnapshotId?.ToString(CultureInfo.InvariantCulture),
        ["refined_snapshot_id"] = result.RefinedSnapshotId?.ToString(CultureInfo.InvariantCulture),
        ["position"] = result.Position,
        ["position_exact"] = result.IsPositionExact,
        ["consistency"] = result.Consistency,

        // Whatever raw was read in, refined is the source at the position; incremental loads do not see deletes.
        ["refined_consistency"] = !result.IsRefinedOneMoment ? SyncRunFacts.SeveralMoments : result.IsFull ? SyncRunFacts.OneMoment : "one-moment-without-deletes",
        ["load"] = result.IsFull ? "full" : "incremental",
        ["attempts"] = result.Attempts,
        ["raw_seconds"] = Math.Round(result.RawSeconds, 3),
        ["seconds"] = Math.Round(result.Seconds, 3),
    };
}
