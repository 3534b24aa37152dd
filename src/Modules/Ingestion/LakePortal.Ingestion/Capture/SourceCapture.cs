using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.MySql.Log;
using LakePortal.Ingestion.Sources.Postgres;
using Microsoft.Extensions.Logging;

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
    private readonly LogSession _session;
    private readonly LogReceiver _receiver;
    private IStagingArea? _area;
    private long _batches;
    private LogPosition _safe;
    private long _heartbeatAt;

    private SourceCapture(CaptureServices services, SourceDefinition source, CaptureTables tables, CaptureMeter meter, LogSession session)
    {
        (_services, _source, _tables, _meter, _session) = (services, source, tables, meter, session);
        _receiver = new LogReceiver(tables.Find, Shape, services.Clock);
    }

    public static async Task RunAsync(CaptureServices services, SourceDefinition source, CaptureTables tables, CaptureMeter meter, CancellationToken cancellationToken)
    {
        var session = await (source.IsMySql ? MySqlLogSession.OpenAsync(services, source, tables, meter, cancellationToken) : PgLogSession.OpenAsync(services, source, tables, meter, cancellationToken));
        await using var capture = new SourceCapture(services, source, tables, meter, session);
        try
        {
            await capture.RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException && services.Systems.For(source).Translate(e, source) is { } known && known != e)
        {
            throw known;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _session.EndReadAsync();
        _room.Set();
        _receiver.Batch?.Dispose();
        if (_area is not null)
        {
            await _area.DisposeAsync();
        }

        await _session.DisposeAsync();
        _full.Dispose();
        _room.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var (from, name) = await _session.PrepareAsync(cancellationToken);
        _area = await _services.Writer.OpenStagingAsync(cancellationToken);
        await CatchUpAsync(cancellationToken);

        _safe = from;
        _receiver.Batch = NewBatch();
        _receiver.Batch.Advance(from);
        await _session.StartAsync(from, cancellationToken);
        Log.CaptureStarts(_services.Logger, _source.Name, from.ToString(), name);
        await _services.Store.SetStateAsync(_source.Name, "streaming", null, null, cancellationToken);
        _tables.RequestLoads();

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = Task.Factory.StartNew(() => Read(stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var landing = LandAsync(stop.Token);
        var keeping = KeepAliveAsync(stop.Token);
        var first = await Task.WhenAny(reading, landing, keeping);
        await stop.CancelAsync();
        _room.Set();
        await _session.EndReadAsync();
        await Task.WhenAll(reading, landing, keeping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
        cancellationToken.ThrowIfCancellationRequested();
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
            var kind = _session.Read(_batchLock, _receiver, out var end);
            if (_receiver.InTransaction)
            {
                // A batch ends with a transaction.
                continue;
            }

            bool isFull;
            lock (_batchLock)
            {
                if (kind == LogData.Keepalive)
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
            await _session.JudgeAsync(_safe, cancellationToken);
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
        _session.Acknowledge(_safe);
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
            _session.Acknowledge(_safe);
        }
    }

    /// <summary>The batch so far, if it ends with a transaction and is worth a commit.</summary>
    private ChangeBatch? TakeBatch()
    {
        lock (_batchLock)
        {
            var batch = _receiver.Batch;
            var isDue = batch.Rows > 0 && (batch.StartedAt is { } at && _services.Clock.GetElapsedTime(at) >= _meter.CommitInterval || batch.Rows >= _services.Options.MostBatchRows || !_room.IsSet || _tables.BarrierBefore(batch.End));
            var moved = batch.Rows == 0 && batch.End > _safe && (_tables.BarrierBefore(batch.End) || _session.WaitsFor(batch.End) || batch.End.Value - _safe.Value >= 64 * 1024 || _services.Clock.GetElapsedTime(_heartbeatAt) > TimeSpan.FromSeconds(2));
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
        await _session.BeatAsync(_safe, cancellationToken);

        // A log in which nobody writes does not move by itself everywhere.
        _tables.Landed(_safe);
        _tables.RequestLoads();
    }

    /// <summary>Called by the reading thread, rarely: when a table appears or its definition changes.</summary>
    private TableShape? Shape(CapturedTable table, Relation relation)
    {
        try
        {
            return _session.ReadShape(table, relation);
        }
        catch (Exception e) when (e is CaptureHeldException or TableWithoutColumnsException)
        {
            _services.Lander.HoldAsync(_source.Name, table, (Kernel.Errors.LakePortalException)e, CancellationToken.None).GetAwaiter().GetResult();
            return null;
        }
    }
}
