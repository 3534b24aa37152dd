using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.MySql.Wire;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>
/// A session that reads the binary log as a replica does. Positions are those of groups of events: a group is one transaction, and it is before a position
/// if it begins before it.
/// </summary>
internal sealed class MySqlLogSession : LogSession
{
    private readonly CaptureServices _services;
    private readonly SourceDefinition _source;
    private readonly CaptureTables _tables;
    private readonly CaptureMeter _meter;
    private readonly MySqlConnections _connections;
    private readonly MySqlSession _control;
    private readonly SemaphoreSlim _controlTurn = new(1);
    private readonly TableMaps _maps;
    private readonly BinlogParser _parser;
    private MySqlSession? _log;
    private BinlogStream? _stream;
    private BinlogStartPoint? _start;

    private MySqlLogSession(CaptureServices services, SourceDefinition source, CaptureTables tables, CaptureMeter meter, MySqlConnections connections, MySqlSession control)
    {
        (_services, _source, _tables, _meter, _connections, _control) = (services, source, tables, meter, connections, control);
        var look = new SourceLook(connections, source, control, _controlTurn, services.Clock);
        var definitions = new Definitions(services, source, tables, look);
        _maps = new TableMaps(tables, definitions, look, new Cascades(tables.Find), new Charsets(control));
        _parser = new BinlogParser(source, definitions, _maps);
    }

    public static async Task<LogSession> OpenAsync(CaptureServices services, SourceDefinition source, CaptureTables tables, CaptureMeter meter, CancellationToken cancellationToken) =>
        new MySqlLogSession(services, source, tables, meter, services.MySql, await services.MySql.OpenAsync(source, cancellationToken));

    public override async Task<(LogPosition From, string Name)> PrepareAsync(CancellationToken cancellationToken)
    {
        _start = await new BinlogStart(_services, _source, _tables, _control).PrepareAsync(cancellationToken);
        return (_start.From, _start.File);
    }

    public override async Task StartAsync(LogPosition from, CancellationToken cancellationToken)
    {
        var log = _log = await _connections.OpenAsync(_source, cancellationToken);
        log.LongestSilence = _services.Options.LongestSilence;
        _stream = await Task.Run(() => BinlogStream.Start(log, _start!.File, from, (uint)(_source.ServerId ?? _start.Reader)), CancellationToken.None).WaitAsync(cancellationToken);
    }

    public override LogData Read(Lock gate, ILogReceiver receiver, out LogPosition end)
    {
        if (!_stream!.Read(out var read))
        {
            throw new IOException("The server ended the stream of its log.", new EndOfStreamException());
        }

        end = read.End;
        lock (gate)
        {
            return _parser.Parse(read, receiver);
        }
    }

    /// <summary>The server keeps its log for a time, not for a reader.</summary>
    public override void Acknowledge(LogPosition safe)
    {
    }

    public override async Task BeatAsync(LogPosition safe, CancellationToken cancellationToken)
    {
        await _controlTurn.WaitAsync(cancellationToken);
        try
        {
            await Task.Run(
                () =>
                {
                    var files = BinlogFile.All(_control);
                    var position = BinaryLog.Position(_control) ?? safe;
                    var retained = files.Where(f => f.Number >= safe.File).Sum(f => f.Size) - safe.Place;

                    // Only one more file has to go for changes to be lost.
                    var status = files[0].Number >= safe.File && position.File > safe.File ? "oldest" : "binlog";
                    _meter.Observed(position, new SlotFacts(true, null, "", "binlog", safe, safe, status, null, Math.Max(0, retained)), safe);
                },
                CancellationToken.None).WaitAsync(cancellationToken);
        }
        finally
        {
            _ = _controlTurn.Release();
        }
    }

    public override bool WaitsFor(LogPosition end) => false;

    public override Task JudgeAsync(LogPosition landed, CancellationToken cancellationToken) => Task.CompletedTask;

    public override TableShape ReadShape(CapturedTable table, Relation relation)
    {
        var logged = _maps.Table(relation);
        var sync = table.Sync;
        var leftOut = logged.Columns.Where(c => c.IsGenerated).Select(c => c.Name).Concat(SchemaPolicy.LeftOut(sync, table.Landed, logged));
        var plan = TablePlan.For(logged, ColumnChoices.Of(sync, leftOut, table.LearnedText, table.HashKey));
        var wanted = sync.Key.Count > 0 ? sync.Key : logged.Key;
        if (wanted.FirstOrDefault(k => plan.Find(k) is null) is { } missing)
        {
            throw new CaptureHeldException(table.Name, $"The column '{missing}' of the key of {logged.Display} is not loaded, so rows cannot be told apart.", "Load it (columns.exclude), or give the sync another key.");
        }

        var map = logged.Columns.Select(c => plan.Columns.ToList().FindIndex(p => p.Source.Name == c.Name)).ToList();
        return new TableShape(relation, plan, map, [.. wanted.Select(k => plan.Find(k)!.LakeName)]) { Source = logged };
    }

    public override ValueTask EndReadAsync()
    {
        _log?.Dispose();
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        _log?.Dispose();
        _control.Dispose();
        _controlTurn.Dispose();
        return ValueTask.CompletedTask;
    }
}
