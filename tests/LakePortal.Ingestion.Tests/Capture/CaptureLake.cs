using LakePortal.Engine.Queries;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>A lake that follows the changes of a private database.</summary>
internal sealed class CaptureLake : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyDictionary<string, string?> _settings;

    private CaptureLake(IngestionLake lake, IReadOnlyDictionary<string, string?> settings) => (Lake, _settings) = (lake, settings);

    public IngestionLake Lake { get; }

    private IServiceProvider Services => Lake.Lake.Services;

    public static async Task<CaptureLake> StartAsync(PostgresServer server, IReadOnlyDictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null, string? database = null)
    {
        var all = new Dictionary<string, string?>(settings ?? new Dictionary<string, string?>());
        all.TryAdd("Capture:ShortestCommitInterval", "00:00:00.100");
        all.TryAdd("Capture:FirstRetry", "00:00:00.050");
        all.TryAdd("Capture:LongestRetry", "00:00:00.200");
        all.TryAdd("Capture:HeartbeatInterval", "00:00:00.500");
        return new CaptureLake(await IngestionLake.StartAsync(server, database, settings: all, configure: configure), all);
    }

    /// <summary>Another process on what this one leaves.</summary>
    public async Task<CaptureLake> AgainAsync(Action<IServiceCollection>? configure = null) => new(await Lake.AgainAsync(_settings, configure), _settings);

    public Task ExecuteAsync(string sql) => Lake.ExecuteAsync(sql);

    /// <summary>Waits until the table is loaded and follows its changes.</summary>
    public Task StreamingAsync(string sync, TimeSpan? patience = null) => UntilAsync(async () => (await Store.FindTableAsync(sync, CancellationToken.None))?.State == CaptureStates.Streaming, $"{sync} streams", patience);

    /// <summary>Waits until everything that is committed now is in the lake.</summary>
    public async Task CaughtUpAsync(TimeSpan? patience = null)
    {
        var (tables, _) = Services.GetRequiredService<CaptureRegistry>().FindSource("src") ?? throw new InvalidOperationException("The source is not captured.");
        await using var connection = new NpgsqlConnection(Lake.Server.ConnectionString(Lake.Database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_current_wal_insert_lsn()::text", connection);
        var position = LogPosition.Parse((string)(await command.ExecuteScalarAsync())!);
        using var limit = new CancellationTokenSource(patience ?? Patience);
        try
        {
            await tables.WhenReached(position, limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Not caught up: {(await Store.FindAsync("src", CancellationToken.None))?.Reason} {string.Join(", ", tables.All.Select(t => $"{t.Name}: {t.State} {t.Reason}"))}");
        }
    }

    public async Task<ReconciliationInfo> ReconcileAsync(string sync, bool repair = false, string? method = null)
    {
        var id = await Lake.Lake.SendAsync(new StartReconciliation(sync, method, Repair: repair));
        var found = await Lake.Lake.SendAsync(new AwaitReconciliation(id));
        if (found.State != "succeeded")
        {
            Assert.Fail($"{sync}: {found.State} {found.Error?.Message}");
        }

        return found;
    }

    /// <summary>Loads a table again, once the run before is really over: while it is, it is what is asked for.</summary>
    public async Task BootstrapAsync(string sync)
    {
        var before = (await Lake.Runs.ListAsync(new RunFilter { Kind = "sync", Name = sync, Limit = 1 }, CancellationToken.None)).Single().Id;
        await UntilAsync(async () => await Lake.Lake.SendAsync(new BootstrapSync(sync)) != before, $"{sync} is loaded again");
    }

    /// <summary>Runs a statement again and again until told to stop.</summary>
    public async Task WriteAsync(string sql, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(Lake.Server.ConnectionString(Lake.Database));
        await connection.OpenAsync(CancellationToken.None);
        while (!stop.IsCancellationRequested)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            try
            {
                await command.ExecuteNonQueryAsync(CancellationToken.None);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                // Writers that meet each other: the server ends one, which tries the next change.
                continue;
            }
        }
    }

    public Task RestartCaptureAsync() => Services.GetRequiredService<CaptureService>().RestartAsync("src", CancellationToken.None);

    public CaptureReading Reading() => Services.GetRequiredService<CaptureRegistry>().FindSource("src")!.Value.Meter.Reading;

    public CaptureStore Store => Services.GetRequiredService<CaptureStore>();

    /// <summary>The refined table has what the source has, value by value, once it has come so far. The lake keeps columns that the source has dropped.</summary>
    public async Task EqualAsync(string table, string? refined = null, TimeSpan? patience = null)
    {
        var lake = refined ?? $"refined.src_{table}";
        var deadline = TimeProvider.System.GetUtcNow() + (patience ?? Patience);
        var (expected, actual) = (new List<string>(), new List<string>());
        do
        {
            var columns = await AskSourceAsync($"SELECT attname::text FROM pg_attribute WHERE attrelid = format('public.%I', '{table}')::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum");
            expected = await Canonical.SourceAsync(Lake, "public", table);
            try
            {
                actual = await Canonical.LakeAsync(Lake, lake, columns);
                if (expected.SequenceEqual(actual))
                {
                    return;
                }
            }
            catch (Exception e) when (e is InvalidOperationException or QueryBindingException && TimeProvider.System.GetUtcNow() < deadline)
            {
                // A column that the lake does not know yet, or one that got another type between two looks.
            }

            await Task.Delay(200);
        }
        while (TimeProvider.System.GetUtcNow() < deadline);

        Assert.Fail($"{table}: missing {Show(expected.Except(actual))}; too many {Show(actual.Except(expected))} ({expected.Count} and {actual.Count} rows). {await DescribeAsync()}");
    }

    private static string Show(IEnumerable<string> rows) => string.Join(" / ", rows.Take(3).Select(r => r.Length > 150 ? r[..150] : r)).Replace('\u001f', '|');

    private async Task<string> DescribeAsync()
    {
        var capture = await Store.FindAsync("src", CancellationToken.None);
        var tables = Services.GetRequiredService<CaptureRegistry>().FindSource("src")?.Tables.All ?? [];
        var runs = await Lake.Runs.ListAsync(new Kernel.Runs.RunFilter { Kind = "sync", Limit = 3 }, CancellationToken.None);
        return $"{capture?.State} {capture?.Reason} {capture?.CapturedPosition} {string.Join(", ", tables.Select(t => $"{t.Name}: {t.State} {t.Reason} {t.RawPosition} {t.RefinedPosition} {t.NeedsLoad}"))}; "
            + $"{string.Join("; ", (await EventsAsync()).Take(20))}; {string.Join("; ", runs.Select(r => $"{r.Name} {r.State} {r.Error?.Message}"))}";
    }

    public async Task<List<string>> EventsAsync() => [.. (await Store.EventsAsync("src", null, 1000, CancellationToken.None)).Select(e => $"{e.Kind}: {e.Message}")];

    public async Task<List<string>> AskSourceAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Lake.Server.ConnectionString(Lake.Database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.IsDBNull(0) ? "∅" : reader.GetValue(0).ToString()!);
        }

        return rows;
    }

    public async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? patience = null)
    {
        var deadline = TimeProvider.System.GetUtcNow() + (patience ?? Patience);
        while (!await condition())
        {
            if (TimeProvider.System.GetUtcNow() > deadline)
            {
                Assert.Fail($"Not in time: {what}. {await DescribeAsync()}");
            }

            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Lake.DisposeAsync();

        // The server has few slots, and keeps log for each.
        await Lake.Server.ExecuteAsync(Lake.Database, $"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '{Lake.Database}' AND active");
        await Lake.Server.ExecuteAsync(Lake.Database, $"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{Lake.Database}' AND NOT active");
    }
}
