using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LakePortal.Ingestion.Capture;

/// <summary>
/// One session of reading a source's log: one thread reads and stages whole transactions, another commits a finished batch meanwhile. Ends by an exception
/// only; whoever runs it starts the next session.
/// </summary>
internal sealed class SourceCapture : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly CaptureServices _services;
    private readonly SourceDefinition _source;
    private readonly CaptureTables _tables;
    private readonly CaptureMeter _meter;
    private readonly Lock _batchLock = new();
    private readonly SemaphoreSlim _full = new(0);
    private readonly ManualResetEventSlim _room = new(initialState: true);
    private readonly NpgsqlConnection _control;
    private readonly SemaphoreSlim _controlTurn = new(1);
    private readonly LogReceiver _receiver;
    private readonly SourceWatch _watch;
    private ILogConnection? _log;
    private IStagingArea? _area;
    private long _batches;
    private LogPosition _safe;
    private long _heartbeatAt;

    private SourceCapture(CaptureServices services, SourceDefinition source, CaptureTables tables, CaptureMeter meter, NpgsqlConnection control)
    {
        (_services, _source, _tables, _meter, _control) = (services, source, tables, meter, control);
        _receiver = new LogReceiver(tables.Find, Shape, services.Clock);
        _watch = new SourceWatch(services, source.Name, tables);
    }

    public static async Task RunAsync(CaptureServices services, SourceDefinition source, CaptureTables tables, CaptureMeter meter, CancellationToken cancellationToken)
    {
        var control = await services.Connector.OpenAsync(source, cancellationToken, services.Options.LongestSilence);
        await using var capture = new SourceCapture(services, source, tables, meter, control);
        try
        {
            await capture.RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException && PostgresErrors.Translate(e, source) is { } known && known != e)
        {
            throw known;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_log is not null)
        {
            await _log.DisposeAsync();
        }

        _room.Set();
        _receiver.Batch?.Dispose();
        if (_area is not null)
        {
            await _area.DisposeAsync();
        }

        await _control.DisposeAsync();
        _full.Dispose();
        _controlTurn.Dispose();
        _room.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var start = await new CaptureStart(_services, _source, _tables, _control).PrepareAsync(cancellationToken);
        _area = await _services.Writer.OpenStagingAsync(cancellationToken);
        await CatchUpAsync(cancellationToken);

        _safe = start.From;
        _receiver.Batch = NewBatch();
        _receiver.Batch.Advance(start.From);
        _log = await _services.Connector.OpenLogAsync(_source, cancellationToken);
        await Task.Run(() => _log.Start(start.Slot, start.From, start.Publication), cancellationToken);
        await CheckStartAsync(start, cancellationToken);
        Log.CaptureStarts(_services.Logger, _source.Name, start.From.ToString(), start.Slot);
        await _services.Store.SetStateAsync(_source.Name, "streaming", null, null, cancellationToken);
        _tables.RequestLoads();

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = Task.Factory.StartNew(() => Read(stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var landing = LandAsync(stop.Token);
        var keeping = KeepAliveAsync(stop.Token);
        var first = await Task.WhenAny(reading, landing, keeping);
        await stop.CancelAsync();
        _room.Set();
        await _log.DisposeAsync();
        await Task.WhenAll(reading, landing, keeping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Only now the slot is ours. Who read it on since it was looked at has taken changes away, and the server starts behind them without a word.</summary>
    private async Task CheckStartAsync(StartPoint start, CancellationToken cancellationToken)
    {
        var slot = await new SlotManager(_source, _control).FindSlotAsync(start.Slot, cancellationToken);
        if (slot?.Confirmed != start.From)
        {
            throw new CaptureRestartsException(_source.Name, $"the slot '{start.Slot}' was moved from {start.From} to {slot?.Confirmed?.ToString() ?? "nowhere"} while the capture began");
        }
    }

    /// <summary>Refined tables that a crash left behind their raw tables.</summary>
    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        foreach (var table in _tables.All.Where(t => t.IsFollowed && t.RefinedPosition < t.RawPosition))
        {
            await table.Gate.WaitAsync(cancellationToken);
            try
            {
                await _services.Fitter.FinishRenamesAsync(table, cancellationToken);
                await _services.CatchUp.FromRawAsync(table, table.KeyInLake, _area!, cancellationToken);
            }
            catch (CaptureHeldException e)
            {
                await _services.Lander.HoldAsync(_source.Name, table, e, cancellationToken);
            }
            finally
            {
                _ = table.Gate.Release();
            }
        }
    }

    private void Read(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var kind = _log!.Read(out var message, out var end);
            bool isFull;
            lock (_batchLock)
            {
                if (kind == LogData.Message)
                {
                    PgOutputParser.Parse(message, _receiver);
                }
                else if (!_receiver.InTransaction)
                {
                    _receiver.Batch.Advance(end);
                }

                // Inside the lock: a batch that is taken in between would leave the reader waiting for room that it has.
                isFull = IsFull();
                if (isFull)
                {
                    _room.Reset();
                }
            }

            if (isFull)
            {
                // The batch before is still being committed: the source waits, memory does not grow.
                _ = _full.Release();
                _room.Wait(cancellationToken);
            }
        }
    }

    private bool IsFull()
    {
        var batch = _receiver.Batch;
        return !_receiver.InTransaction && batch.Rows > 0 && (batch.Rows >= _services.Options.MostBatchRows || batch.Bytes >= _services.Options.MostBatchBytes);
    }

    private async Task LandAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _ = await _full.WaitAsync(Pause, cancellationToken);
            await BeatAsync(cancellationToken);
            await _watch.JudgeAsync(_safe, cancellationToken);
            if (_tables.TakeRestart() is { } why)
            {
                throw new CaptureRestartsException(_source.Name, why);
            }

            if (TakeBatch() is not { } batch)
            {
                continue;
            }

            using (batch)
            {
                await LandAsync(batch, cancellationToken);
            }
        }
    }

    private async Task LandAsync(ChangeBatch batch, CancellationToken cancellationToken)
    {
        var started = _services.Clock.GetTimestamp();
        foreach (var segment in batch.Segments.Values.SelectMany(s => s))
        {
            segment.Complete();
        }

        await _services.Lander.LandAsync(_source.Name, batch, _area!, cancellationToken);
        await _services.Steps.ReachedAsync(CaptureStep.BeforePosition, null, cancellationToken);
        await _services.Store.SetCapturedAsync(_source.Name, batch.End, cancellationToken);
        await _services.Steps.ReachedAsync(CaptureStep.PositionSaved, null, cancellationToken);
        _safe = batch.End;
        _log!.Acknowledge(_safe);
        _meter.Landed(batch, _services.Clock.GetElapsedTime(started), _services.Clock.GetUtcNow());
        _tables.Landed(batch.End);
        await _services.Steps.ReachedAsync(CaptureStep.Acknowledged, null, cancellationToken);
        _tables.RequestLoads();
    }

    /// <summary>A server that hears nothing for wal_sender_timeout ends the connection, however long a commit takes.</summary>
    private async Task KeepAliveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(_services.Options.HeartbeatInterval, _services.Clock, cancellationToken);
            _log!.Acknowledge(_safe);
        }
    }

    /// <summary>The batch so far, if it ends with a transaction and is worth a commit.</summary>
    private ChangeBatch? TakeBatch()
    {
        lock (_batchLock)
        {
            var batch = _receiver.Batch;
            var isDue = batch.Rows > 0 && (batch.StartedAt is { } at && _services.Clock.GetElapsedTime(at) >= _meter.CommitInterval || batch.Rows >= _services.Options.MostBatchRows || !_room.IsSet || _tables.BarrierBefore(batch.End));
            var moved = batch.Rows == 0 && batch.End > _safe && (_tables.BarrierBefore(batch.End) || _watch.WaitsFor(batch.End) || batch.End.Value - _safe.Value >= 64 * 1024 || _services.Clock.GetElapsedTime(_heartbeatAt) > TimeSpan.FromSeconds(2));
            if (_receiver.InTransaction || !(isDue || moved))
            {
                return null;
            }

            var next = NewBatch();
            next.Advance(batch.End);
            _receiver.Batch = next;
            _room.Set();
            return batch;
        }
    }

    private ChangeBatch NewBatch() => new(_area!, _batches++);

    /// <summary>Keeps the log moving where nobody writes, and asks what the slot holds back.</summary>
    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        if (_heartbeatAt != 0 && _services.Clock.GetElapsedTime(_heartbeatAt) < (_tables.HasBarrier ? TimeSpan.FromMilliseconds(200) : _services.Options.HeartbeatInterval))
        {
            return;
        }

        _heartbeatAt = _services.Clock.GetTimestamp();
        await _controlTurn.WaitAsync(cancellationToken);
        try
        {
            var seen = await _watch.LookAsync(_control, cancellationToken);
            await using var command = new NpgsqlCommand(PgCatalogSql.Heartbeat, _control);
            var position = LogPosition.Parse((string)(await command.ExecuteScalarAsync(cancellationToken))!);
            _watch.Looked(seen, position);
            var slot = await new SlotManager(_source, _control).FindSlotAsync(_tables.Slot, cancellationToken);
            _meter.Observed(position, slot, _safe);
        }
        finally
        {
            _ = _controlTurn.Release();
        }
    }

    /// <summary>Called by the reading thread, rarely: when a table appears or its definition changes.</summary>
    private TableShape? Shape(CapturedTable table, Relation relation)
    {
        _controlTurn.Wait();
        try
        {
            return ShapeReader.ReadAsync(_control, table, relation, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is CaptureHeldException or TableWithoutColumnsException)
        {
            _services.Lander.HoldAsync(_source.Name, table, (Kernel.Errors.LakePortalException)e, CancellationToken.None).GetAwaiter().GetResult();
            return null;
        }
        finally
        {
            _ = _controlTurn.Release();
        }
    }
}
