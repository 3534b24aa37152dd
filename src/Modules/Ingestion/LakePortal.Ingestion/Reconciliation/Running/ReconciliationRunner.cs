using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Reconciliation.Rolling;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Runs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>Runs reconciliations in the background: one per sync, a limited number at a time.</summary>
internal sealed class ReconciliationRunner(
    SyncStore syncs, SourceStore sources, HashKeys hashKeys, ReconciliationServices services, ReconciliationStore store, IRunStore runs, ICallerAccessor callers,
    IChangeFeed feed, TimeProvider clock, ILogger<ReconciliationRunner> logger) : IHostedService, IDisposable
{
    public const string Kind = "reconcile";

    private readonly SemaphoreSlim _pool = new(services.Options.ConcurrentRuns);
    private readonly SemaphoreSlim _starting = new(1);
    private readonly ConcurrentDictionary<string, ActiveRun> _active = new(StringComparer.Ordinal);
    private volatile bool _stopping;

    /// <summary>Starts one and returns its id; one of the same sync that goes on already is returned instead.</summary>
    public async Task<string> StartAsync(string name, string? method, bool repair, long? sample, string trigger, CancellationToken cancellationToken, RollingScope? scope = null)
    {
        var definition = SyncResolver.Read(name, (await syncs.GetAsync(name, cancellationToken)).Document);
        method ??= ReconciliationMethods.Snapshot;
        if (!ReconciliationMethods.All.Contains(method))
        {
            throw new ReconciliationNotPossibleException(name, $"there is no method '{method}'", "Use 'snapshot' (whole tables at one position) or 'rolling' (range by range, for tables that follow their changes).");
        }

        if (method == ReconciliationMethods.Rolling && !services.Rolling.Any(l => l.Serves(definition)))
        {
            throw new ReconciliationNotPossibleException(name, $"a table in mode '{definition.Mode}' does not follow its changes, by which the ranges would be brought to one moment", "Use the method 'snapshot'.");
        }

        if (!services.Barriers.Any(b => b.Serves(definition)) || (repair && !services.Landings.Any(l => l.Serves(definition))))
        {
            throw new ReconciliationNotPossibleException(name, $"a lake in mode '{definition.Mode}' moves on by itself and cannot be held at a position here", "Reconcile it in mode batch or snapshot.");
        }

        if (sample is < 1)
        {
            throw new ReconciliationNotPossibleException(name, "a sample has at least one row", "Give a number of rows, or leave out the sample to compare all.");
        }

        await _starting.WaitAsync(cancellationToken);
        try
        {
            if (_active.TryGetValue(name, out var running))
            {
                return scope is null ? running.RunId : throw new ReconciliationBusyException(name, running.RunId);
            }

            ObjectDisposedException.ThrowIf(_stopping, this);
            var run = await runs.CreateAsync(Kind, name, trigger, callers.Current?.User ?? Caller.System.User, null, cancellationToken);
            await store.BeginAsync(
                new ReconciliationRow { RunId = run.Id, Sync = name, Refined = definition.Refined.ToString(), Method = method, Repair = repair, Sample = sample, Scope = scope?.ToJson(), Finished = false, Notes = "[]", StartedAt = clock.GetUtcNow() },
                cancellationToken);
            var active = new ActiveRun(run.Id, name);
            _active[name] = active;
            active.Work = Task.Run(() => RunAsync(active, definition, method, repair, sample, scope), CancellationToken.None);
            return run.Id;
        }
        finally
        {
            _ = _starting.Release();
            Announce(name);
        }
    }

    public async Task AwaitAsync(string runId, CancellationToken cancellationToken)
    {
        if (_active.Values.FirstOrDefault(r => r.RunId == runId) is { } active)
        {
            await active.Work.WaitAsync(cancellationToken);
        }
    }

    public async Task CancelAsync(string runId, CancellationToken cancellationToken)
    {
        if (_active.Values.FirstOrDefault(r => r.RunId == runId) is { } active)
        {
            await active.Stop.CancelAsync();
        }
        else
        {
            _ = await store.GetAsync(runId, cancellationToken);
        }
    }

    /// <summary>Stops what is going on for a sync that is about to be deleted, and forgets what was found.</summary>
    public async Task ForgetAsync(string sync, CancellationToken cancellationToken)
    {
        if (_active.TryGetValue(sync, out var active))
        {
            await active.Stop.CancelAsync();
            await active.Work.WaitAsync(cancellationToken);
        }

        await store.ForgetAsync(sync, cancellationToken);
    }

    /// <summary>What a stopped process was doing is over: its tags go, its run stays as interrupted.</summary>
    public async Task CloseInterruptedAsync(CancellationToken cancellationToken)
    {
        foreach (var row in await store.UnfinishedAsync(cancellationToken))
        {
            if (TableIdentifier.TryParse(row.Refined, out var refined))
            {
                await services.Tags.RemoveAsync(refined, row.RunId, cancellationToken);
            }

            await store.ChangeAsync(row.RunId, r => r.Finished = true, cancellationToken);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

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

    private async Task RunAsync(ActiveRun active, SyncDefinition definition, string method, bool repair, long? sample, RollingScope? scope)
    {
        using var system = callers.Enter(Caller.System);
        var started = clock.GetTimestamp();
        try
        {
            await _pool.WaitAsync(active.Stop.Token);
            try
            {
                started = clock.GetTimestamp();
                await runs.StartAsync(active.RunId, CancellationToken.None);
                Announce(active.Sync);
                await CompareAsync(active, definition, method, repair, sample, scope, started);
            }
            finally
            {
                _ = _pool.Release();
            }
        }
        catch (Exception e)
        {
            await EndAsync(active, e, clock.GetElapsedTime(started).TotalSeconds);
        }
        finally
        {
            _ = _active.TryRemove(active.Sync, out _);
            Announce(active.Sync);
            active.Stop.Dispose();
        }
    }

    private async Task CompareAsync(ActiveRun active, SyncDefinition definition, string method, bool repair, long? sample, RollingScope? scope, long started)
    {
        var cancellationToken = active.Stop.Token;
        Log.ReconciliationStarts(logger, active.Sync, active.RunId);
        var source = await sources.GetAsync(definition.Source, cancellationToken);
        if (source.IsMySql)
        {
            throw new ReconciliationNotPossibleException(active.Sync, "only PostgreSQL sources are compared with the lake", $"Load it anew to be sure: ./lake sync {active.Sync} --mode full");
        }

        var hashKey = definition.Hash.Count == 0 ? null : await hashKeys.GetAsync(definition, cancellationToken);
        var progress = new OffloadProgress(runs, active.RunId, definition.SourceTable, clock);
        var result = await new ReconciliationRun(services, new ReconciliationRequest(active.RunId, definition, source, method, repair, sample, hashKey) { Scope = scope }, progress).RunAsync(cancellationToken);
        var seconds = clock.GetElapsedTime(started).TotalSeconds;
        await store.SaveAsync(active.RunId, result.Ranges, result.Shown, CancellationToken.None);
        await store.ChangeAsync(active.RunId, row => Fill(row, result, seconds), CancellationToken.None);
        if (sample is null && scope is null && result.Verdict is "equal" or "repaired")
        {
            await store.VerifyAsync(active.Sync, result.Position, result.RepairSnapshotId ?? result.Lake.SnapshotId, active.RunId, CancellationToken.None);
        }

        await store.PruneAsync(active.Sync, services.Options.KeepRuns, CancellationToken.None);
        await runs.FinishAsync(active.RunId, RunState.Succeeded, null, Describe(result, seconds), CancellationToken.None);
        await sources.SetStateAsync(source.Name, "ok", null, CancellationToken.None);
        Log.ReconciliationDone(logger, active.Sync, active.RunId, result.Verdict, seconds);
    }

    private async Task EndAsync(ActiveRun active, Exception error, double seconds)
    {
        await store.ChangeAsync(active.RunId, row => (row.Finished, row.Seconds) = (true, seconds), CancellationToken.None);
        if (active.Stop.IsCancellationRequested)
        {
            Log.RunCancelled(logger, active.Sync, active.RunId);
            await runs.FinishAsync(active.RunId, RunState.Cancelled, new RunError("ingestion.cancelled", $"The reconciliation of '{active.Sync}' was {(_stopping ? "stopped with the process" : "cancelled")}.", "Start it again."), null, CancellationToken.None);
            return;
        }

        var known = error as LakePortalException ?? DiskErrors.Translate(error, "the staging area");
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
        feed.Publish("reconciliations");
        feed.Publish($"sync/{sync}");
    }

    private static void Fill(ReconciliationRow row, ReconciliationResult result, double seconds)
    {
        row.Finished = true;
        row.Position = result.Position;
        row.PositionExact = result.IsPositionExact;
        row.LakePosition = result.Lake.Position;
        row.LakeSnapshotId = result.Lake.SnapshotId;
        row.RowsSource = result.Ranges.Sum(r => r.Sums.RowsSource);
        row.RowsLake = result.Ranges.Sum(r => r.Sums.RowsLake);
        row.Verdict = result.Verdict;
        (row.Missing, row.Extra, row.Changed, row.TypeLoss) = (result.Counts.Missing, result.Counts.Extra, result.Counts.Changed, result.TypeLoss);
        (row.Ranges, row.RangesDifferent) = (result.Ranges.Count, result.Ranges.Count(r => !r.Sums.IsEqual));
        (row.Repaired, row.RepairSnapshotId) = (result.Repaired, result.RepairSnapshotId);
        row.Notes = JsonSerializer.Serialize(result.Notes);
        row.Seconds = seconds;
    }

    private static JsonObject Describe(ReconciliationResult result, double seconds) => new()
    {
        ["verdict"] = result.Verdict,
        ["position"] = result.Position,
        ["lake_position"] = result.Lake.Position,
        ["lake_snapshot_id"] = result.Lake.SnapshotId,
        ["rows_source"] = result.Ranges.Sum(r => r.Sums.RowsSource),
        ["rows_lake"] = result.Ranges.Sum(r => r.Sums.RowsLake),
        ["missing"] = result.Counts.Missing,
        ["extra"] = result.Counts.Extra,
        ["changed"] = result.Counts.Changed,
        ["repaired"] = result.Repaired,
        ["seconds"] = Math.Round(seconds, 3),
    };
}
