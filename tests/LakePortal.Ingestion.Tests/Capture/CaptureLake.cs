using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>A lake that follows the changes of a private database.</summary>
internal sealed class CaptureLake : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private CaptureLake(IngestionLake lake) => Lake = lake;

    public IngestionLake Lake { get; }

    private IServiceProvider Services => Lake.Lake.Services;

    public static async Task<CaptureLake> StartAsync(PostgresServer server, IReadOnlyDictionary<string, string?>? settings = null)
    {
        var all = new Dictionary<string, string?>(settings ?? new Dictionary<string, string?>());
        all.TryAdd("Capture:ShortestCommitInterval", "00:00:00.100");
        return new CaptureLake(await IngestionLake.StartAsync(server, settings: all));
    }

    public Task ExecuteAsync(string sql) => Lake.ExecuteAsync(sql);

    /// <summary>Waits until the table is loaded and follows its changes.</summary>
    public Task StreamingAsync(string sync) => UntilAsync(async () => (await Store.FindTableAsync(sync, CancellationToken.None))?.State == CaptureStates.Streaming, $"{sync} streams");

    /// <summary>Waits until everything that is committed now is in the lake.</summary>
    public async Task CaughtUpAsync()
    {
        var (tables, _) = Services.GetRequiredService<CaptureRegistry>().FindSource("src") ?? throw new InvalidOperationException("The source is not captured.");
        await using var connection = new NpgsqlConnection(Lake.Server.ConnectionString(Lake.Database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_current_wal_insert_lsn()::text", connection);
        var position = PgPosition.Parse((string)(await command.ExecuteScalarAsync())!);
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await tables.WhenReached(position, limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Not caught up: {(await Store.FindAsync("src", CancellationToken.None))?.Reason} {string.Join(", ", tables.All.Select(t => $"{t.Name}: {t.State} {t.Reason}"))}");
        }
    }

    public async Task<ReconciliationInfo> ReconcileAsync(string sync, bool repair = false)
    {
        var id = await Lake.Lake.SendAsync(new StartReconciliation(sync, Repair: repair));
        var found = await Lake.Lake.SendAsync(new AwaitReconciliation(id));
        if (found.State != "succeeded")
        {
            Assert.Fail($"{sync}: {found.State} {found.Error?.Message}");
        }

        return found;
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

    public CaptureStore Store => Services.GetRequiredService<CaptureStore>();

    public async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = TimeProvider.System.GetUtcNow() + Patience;
        while (!await condition())
        {
            if (TimeProvider.System.GetUtcNow() > deadline)
            {
                var events = await Store.EventsAsync("src", null, 20, CancellationToken.None);
                var runs = await Lake.Runs.ListAsync(new Kernel.Runs.RunFilter { Kind = "sync", Limit = 3 }, CancellationToken.None);
                Assert.Fail($"Not in time: {what}. {(await Store.FindAsync("src", CancellationToken.None))?.Reason} {string.Join("; ", events.Select(e => e.Message))} {string.Join("; ", runs.Select(r => $"{r.State} {r.Error?.Message}"))}");
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
