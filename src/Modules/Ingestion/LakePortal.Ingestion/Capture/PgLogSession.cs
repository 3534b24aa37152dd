using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;
using Npgsql;

namespace LakePortal.Ingestion.Capture;

/// <summary>A session with a replication slot of PostgreSQL.</summary>
internal sealed class PgLogSession : LogSession
{
    private readonly CaptureServices _services;
    private readonly SourceDefinition _source;
    private readonly CaptureTables _tables;
    private readonly CaptureMeter _meter;
    private readonly NpgsqlConnection _control;
    private readonly SemaphoreSlim _controlTurn = new(1);
    private readonly SourceWatch _watch;
    private ILogConnection? _log;
    private StartPoint? _start;

    private PgLogSession(CaptureServices services, SourceDefinition source, CaptureTables tables, CaptureMeter meter, NpgsqlConnection control)
    {
        (_services, _source, _tables, _meter, _control) = (services, source, tables, meter, control);
        _watch = new SourceWatch(services, source.Name, tables);
    }

    public static async Task<LogSession> OpenAsync(CaptureServices services, SourceDefinition source, CaptureTables tables, CaptureMeter meter, CancellationToken cancellationToken) =>
        new PgLogSession(services, source, tables, meter, await services.Connector.OpenAsync(source, cancellationToken, services.Options.LongestSilence));

    public override async Task<(LogPosition From, string Name)> PrepareAsync(CancellationToken cancellationToken)
    {
        _start = await new CaptureStart(_services, _source, _tables, _control).PrepareAsync(cancellationToken);
        return (_start.From, _start.Slot);
    }

    public override async Task StartAsync(LogPosition from, CancellationToken cancellationToken)
    {
        var log = _log = await _services.Connector.OpenLogAsync(_source, cancellationToken);
        await Task.Run(() => log.Start(_start!.Slot, from, _start.Publication), cancellationToken);

        // Only now the slot is ours. Who read it on since it was looked at has taken changes away, and the server starts behind them without a word.
        var slot = await new SlotManager(_source, _control).FindSlotAsync(_start!.Slot, cancellationToken);
        if (slot?.Confirmed != from)
        {
            throw new CaptureRestartsException(_source.Name, $"the slot '{_start.Slot}' was moved from {from} to {slot?.Confirmed?.ToString() ?? "nowhere"} while the capture began");
        }
    }

    public override LogData Read(Lock gate, ILogReceiver receiver, out LogPosition end)
    {
        var kind = _log!.Read(out var message, out end);
        if (kind == LogData.Message)
        {
            lock (gate)
            {
                PgOutputParser.Parse(message, receiver);
            }
        }

        return kind;
    }

    public override void Acknowledge(LogPosition safe) => _log!.Acknowledge(safe);

    public override async Task BeatAsync(LogPosition safe, CancellationToken cancellationToken)
    {
        await _controlTurn.WaitAsync(cancellationToken);
        try
        {
            var seen = await _watch.LookAsync(_control, cancellationToken);
            await using var command = new NpgsqlCommand(PgCatalogSql.Heartbeat, _control);
            var position = LogPosition.Parse((string)(await command.ExecuteScalarAsync(cancellationToken))!);
            _watch.Looked(seen, position);
            var slot = await new SlotManager(_source, _control).FindSlotAsync(_tables.Slot, cancellationToken);
            _meter.Observed(position, slot, safe);
        }
        finally
        {
            _ = _controlTurn.Release();
        }
    }

    public override bool WaitsFor(LogPosition end) => _watch.WaitsFor(end);

    public override Task JudgeAsync(LogPosition landed, CancellationToken cancellationToken) => _watch.JudgeAsync(landed, cancellationToken);

    public override TableShape ReadShape(CapturedTable table, Relation relation)
    {
        _controlTurn.Wait();
        try
        {
            return ShapeReader.ReadAsync(_control, table, relation, CancellationToken.None).GetAwaiter().GetResult();
        }
        finally
        {
            _ = _controlTurn.Release();
        }
    }

    public override async ValueTask EndReadAsync()
    {
        if (_log is not null)
        {
            await _log.DisposeAsync();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await EndReadAsync();
        await _control.DisposeAsync();
        _controlTurn.Dispose();
    }
}
