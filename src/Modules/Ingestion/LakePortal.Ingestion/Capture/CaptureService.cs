using System.Collections.Concurrent;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Store;
using LakePortal.Ingestion.Syncs;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Live;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LakePortal.Ingestion.Capture;

/// <summary>Keeps one capture going for each source that has syncs with changes to follow: starts, restarts with growing pauses, stops.</summary>
internal sealed class CaptureService(
    SyncStore syncs, SourceStore sources, HashKeys hashKeys, CaptureServices services, CaptureRegistry registry, SyncRunner runner, ICallerAccessor callers, IChangeFeed feed, ILogger<CaptureService> logger) : IHostedService, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Running> _running = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changing = new(1);
    private readonly ConcurrentDictionary<string, string> _loads = new(StringComparer.Ordinal);
    private volatile bool _stopping;

    public static bool Follows(string mode) => mode is "cdc" or "bootstrap+cdc";

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _changing.Dispose();
    }

    /// <summary>Refreshes soon; for callers that have no time to wait for captures to stop and start.</summary>
    public void RequestRefresh() => _ = Task.Run(async () =>
    {
        try
        {
            await RefreshAsync(CancellationToken.None);
        }
        catch (Exception e)
        {
            Log.RefreshFailed(logger, e);
        }
    });

    /// <summary>Brings what runs in line with the configuration: after the start, and after each change of a source or sync.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var wanted = new Dictionary<string, List<SyncRow>>(StringComparer.Ordinal);
        foreach (var row in await syncs.ListAsync(null, cancellationToken))
        {
            if (Follows(SyncResolver.Read(row.Name, row.Document).Mode))
            {
                (wanted.TryGetValue(row.Source, out var list) ? list : wanted[row.Source] = []).Add(row);
            }
        }

        await _changing.WaitAsync(cancellationToken);
        try
        {
            foreach (var gone in _running.Keys.Except(wanted.Keys).ToList())
            {
                await StopAsync(gone);
                await DropAsync(gone, cancellationToken);
            }

            // What follows again one day begins anew: nobody kept its changes meanwhile.
            var followed = wanted.Values.SelectMany(r => r).Select(r => r.Name).ToList();
            foreach (var source in _running.Where(r => r.Value.Tables.All.Any(t => !followed.Contains(t.Name))).Select(r => r.Key).ToList())
            {
                await StopAsync(source);
            }

            await services.Store.KeepTablesAsync(followed, cancellationToken);
            foreach (var (source, rows) in wanted)
            {
                var fingerprint = string.Join('\n', rows.Select(r => $"{r.Name}={r.Paused}={r.Document}")) + (await sources.FindRowAsync(source, cancellationToken))?.Document;
                if (_running.TryGetValue(source, out var running) && running.Fingerprint == fingerprint)
                {
                    continue;
                }

                await StopAsync(source);
                if (!_stopping)
                {
                    await StartAsync(source, rows, fingerprint, cancellationToken);
                }
            }
        }
        finally
        {
            _ = _changing.Release();
        }
    }

    /// <summary>Ends the session of a source and begins another.</summary>
    public async Task RestartAsync(string source, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            await StopAsync(source);
        }
        finally
        {
            _ = _changing.Release();
        }

        await RefreshAsync(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        foreach (var source in _running.Keys.ToList())
        {
            await StopAsync(source).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task StartAsync(string source, List<SyncRow> rows, string fingerprint, CancellationToken cancellationToken)
    {
        var definition = await sources.GetAsync(source, cancellationToken);
        var tables = new CaptureTables(source, definition.SlotName, definition.PublicationName, Load);
        foreach (var row in rows)
        {
            var sync = SyncResolver.Read(row.Name, row.Document);
            tables.Add(new CapturedTable(sync)
            {
                IsPaused = row.Paused,
                HashKey = sync.Hash.Count == 0 ? null : await hashKeys.GetAsync(sync, cancellationToken),
                LearnedText = System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string>>(row.TextColumns)!,
            });
        }

        var meter = new CaptureMeter(services.Options, services.Clock);
        registry.Add(tables, meter);
        var stop = new CancellationTokenSource();
        _running[source] = new Running(fingerprint, tables, stop, Task.Run(() => SuperviseAsync(definition, tables, meter, stop.Token), CancellationToken.None));
    }

    private async Task StopAsync(string source)
    {
        if (_running.TryRemove(source, out var running))
        {
            await running.Stop.CancelAsync();
            await running.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            running.Stop.Dispose();

            // First of all no load finds the capture any more: one that joined it now would go on beside the next capture.
            registry.Remove(source);
            foreach (var table in running.Tables.All)
            {
                // A load belongs to the capture that it joins; the next one takes it up again.
                await runner.StopSyncAsync(table.Name, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Nothing of the source is followed any more: its slot would make the server keep log for ever.</summary>
    private async Task DropAsync(string source, CancellationToken cancellationToken)
    {
        if (_stopping || await services.Store.FindAsync(source, cancellationToken) is not { } row)
        {
            return;
        }

        try
        {
            if (await sources.FindAsync(source, cancellationToken) is { } definition)
            {
                await services.Systems.For(definition).ForgetReaderAsync(definition, row.Slot, row.Publication, cancellationToken);
            }

            await services.Store.DeleteAsync(source, cancellationToken);
        }
        catch (LakePortalException e)
        {
            Log.CaptureNote(logger, source, $"Slot '{row.Slot}' and publication '{row.Publication}' could not be dropped: {e.Message} Drop them on the server, or it keeps its log for ever.");
        }
    }

    private async Task SuperviseAsync(SourceDefinition source, CaptureTables tables, CaptureMeter meter, CancellationToken cancellationToken)
    {
        using var system = callers.Enter(Caller.System);
        var wait = services.Options.FirstRetry;
        var limit = new LogLimit(services);
        while (!cancellationToken.IsCancellationRequested)
        {
            var began = services.Clock.GetTimestamp();
            try
            {
                await SourceCapture.RunAsync(services, source, tables, meter, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // A session that went well for a while starts the pauses anew.
                wait = services.Clock.GetElapsedTime(began) > services.Options.LongestRetry ? services.Options.FirstRetry : wait;
                await ReportAsync(source, e, wait);
                await limit.CheckAsync(source, tables, meter, e is LakePortalException ? e.Message : $"{e.GetType().Name}.", cancellationToken);
            }

            await Task.Delay(wait, services.Clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = wait * 2 < services.Options.LongestRetry ? wait * 2 : services.Options.LongestRetry;
        }
    }

    private async Task ReportAsync(SourceDefinition source, Exception error, TimeSpan wait)
    {
        var known = error as LakePortalException ?? DiskErrors.Translate(error, "the lake");
        if (known is { Kind: not ErrorKind.Internal })
        {
            Log.CaptureBroke(logger, source.Name, wait.TotalSeconds, known.Message, known.Hint);
        }
        else
        {
            Log.CaptureFailed(logger, error, source.Name);
        }

        await services.Store.SetStateAsync(source.Name, "waiting", known?.Message ?? $"{error.GetType().Name}: {error.Message}", known?.Hint ?? "The log of the process has the details.", CancellationToken.None);
        feed.Publish("sources");
        feed.Publish("syncs");
    }

    /// <summary>Starts the load of a table, once.</summary>
    private void Load(CapturedTable table)
    {
        if (_stopping || !_loads.TryAdd(table.Name, table.Name))
        {
            return;
        }

        _ = Task.Run(async () =>
        {
            using var system = callers.Enter(Caller.System);
            try
            {
                // Since it was asked for, a load may have ended, or the capture: another one would read the whole table in vain.
                var run = await runner.TryStartAsync(table.Name, OffloadRequest.Bootstrap, "capture", null, () => table.NeedsToLoad && registry.Find(table.Name)?.Table == table, CancellationToken.None);
                var ended = run is null ? null : await runner.AwaitAsync(run, CancellationToken.None);
                if (ended?.State == Kernel.Runs.RunState.Failed)
                {
                    if (ended.Error is { Code: "ingestion.schema-held" } held)
                    {
                        await services.Lander.HoldAsync(table.Sync.Source, table, held.Message, held.Hint, CancellationToken.None);
                        return;
                    }

                    _ = await services.Store.ChangeTableAsync(table.Name, table.Sync.Source, r => (r.Reason, r.Hint) = (ended.Error?.Message, ended.Error?.Hint), CancellationToken.None);

                    // The next request comes with the next commit or heartbeat; not at once, since what failed mostly fails again.
                    await Task.Delay(services.Options.LongestRetry, services.Clock, CancellationToken.None);
                }
            }
            catch (Exception e) when (e is LakePortalException or ObjectDisposedException)
            {
                Log.CaptureNote(logger, table.Sync.Source, $"The load of '{table.Name}' could not be started: {e.Message}");
            }
            finally
            {
                _ = _loads.TryRemove(table.Name, out _);
            }
        });
    }

    private sealed record Running(string Fingerprint, CaptureTables Tables, CancellationTokenSource Stop, Task Work);
}
