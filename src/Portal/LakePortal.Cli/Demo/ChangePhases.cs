using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;
using LakePortal.Cli.Processes;
using LakePortal.Cli.Shop;
using Npgsql;

namespace LakePortal.Cli.Demo;

/// <summary>Change data capture on the shop: following a writer, and what becomes of changes that are lost on the way.</summary>
internal sealed class ChangePhases(ApiClient api, PrivatePostgres postgres, ShopOptions shop)
{
    private const double ChangesPerSecond = 200;

    private static readonly string[] Syncs = ["live_orders", "live_payments"];
    private static readonly TimeSpan Writing = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Loads both tables while the shop is busy, follows its changes, and compares when it rests.</summary>
    public async Task<string> FollowAsync(CancellationToken cancellationToken)
    {
        var writer = new ShopWriter(postgres, shop, ChangesPerSecond);
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            var writing = writer.RunAsync(stop.Token);
            _ = await ApplyCommand.SendAsync(api, ApplyCommand.ReadTexts([Path.Combine(ServerAddress.Home(), "samples", "cdc")], TextReader.Null), dryRun: false, prune: false, cancellationToken);
            foreach (var sync in Syncs)
            {
                // Somebody may have paused it in an earlier demo on the same data.
                _ = await api.PostAsync($"/api/v1/syncs/{sync}/resume", new JsonObject(), cancellationToken);
            }

            await StreamingAsync(cancellationToken);
            await Task.Delay(Writing, cancellationToken);
            await stop.CancelAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await CatchUpAsync(cancellationToken);
        var rows = await ReconcileAsync(cancellationToken);
        var log = await AskAsync("SELECT (SELECT count(*) FROM raw.live_orders WHERE _load_type = 'CDC') + (SELECT count(*) FROM raw.live_payments WHERE _load_type = 'CDC')", cancellationToken);
        return string.Create(CultureInfo.InvariantCulture, $"{Syncs.Length} tables loaded while the shop was busy, {log:N0} changes followed, {rows:N0} rows compared at one position each: equal");
    }

    /// <summary>Somebody moves the slot on while nobody listens: changes are gone from the log. It has to be noticed and made good without anybody's help.</summary>
    public async Task<string> LoseAndHealAsync(CancellationToken cancellationToken)
    {
        var (earlier, _) = await GapAsync(cancellationToken);
        var lost = await LoseAsync(cancellationToken);
        string? gap = null;
        await UntilAsync(
            async () =>
            {
                (var newest, gap) = await GapAsync(cancellationToken);
                return newest != earlier;
            },
            "The lost changes were not noticed.", cancellationToken);
        await StreamingAsync(cancellationToken);
        await CatchUpAsync(cancellationToken);
        _ = await ReconcileAsync(cancellationToken);
        return string.Create(CultureInfo.InvariantCulture, $"{lost} changes lost from the log, noticed ({gap}), made good, equal again");
    }

    private async Task<int> LoseAsync(CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenAsync(ShopDatabase.Name, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            // The session that reads comes back after a second; until then the slot is free.
            await using var lose = new NpgsqlCommand(
                """
                DO $$ BEGIN
                  LOOP
                    PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'lakeportal_shop_shop' AND active;
                    EXIT WHEN NOT FOUND;
                    PERFORM pg_sleep(0.01);
                  END LOOP;
                END $$;
                SET synchronous_commit = on;
                UPDATE orders SET coupon = 'LOST' WHERE order_id IN (SELECT order_id FROM orders ORDER BY order_id LIMIT 20);
                DELETE FROM payments WHERE payment_id IN (SELECT payment_id FROM payments ORDER BY payment_id LIMIT 5);
                """, connection);
            await lose.ExecuteNonQueryAsync(cancellationToken);
            try
            {
                await using var advance = new NpgsqlCommand("SELECT pg_replication_slot_advance('lakeportal_shop_shop', pg_current_wal_lsn())", connection);
                await advance.ExecuteNonQueryAsync(cancellationToken);
                return 25;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectInUse && attempt < 20)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }

    /// <summary>The newest gap that was noticed.</summary>
    private async Task<(string? Id, string? Message)> GapAsync(CancellationToken cancellationToken)
    {
        var events = await api.GetAsync($"/api/v1/syncs/{Syncs[0]}/events", cancellationToken);
        return events.GetProperty("items").EnumerateArray().FirstOrDefault(e => e.GetProperty("kind").GetString() == "gap") is { ValueKind: JsonValueKind.Object } gap
            ? (gap.GetProperty("id").GetString(), gap.GetProperty("message").GetString())
            : (null, null);
    }

    private Task StreamingAsync(CancellationToken cancellationToken) => UntilAsync(
        async () =>
        {
            foreach (var sync in Syncs)
            {
                var status = await api.GetAsync($"/api/v1/syncs/{sync}/status", cancellationToken);
                if (status.GetProperty("state").GetString() != "streaming")
                {
                    return false;
                }
            }

            return true;
        },
        "The tables do not follow their changes.", cancellationToken);

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        foreach (var sync in Syncs)
        {
            var run = await RunWatcher.WaitAsync(api, await SyncCommand.StartAsync(api, sync, null, cancellationToken), cancellationToken);
            if (RunWatcher.State(run) != "succeeded")
            {
                var (message, hint) = RunWatcher.Failure(run);
                throw new StepFailedException($"{sync}: {message}", hint);
            }
        }
    }

    private async Task<long> ReconcileAsync(CancellationToken cancellationToken)
    {
        var rows = 0L;
        foreach (var sync in Syncs)
        {
            var started = await api.PostAsync("/api/v1/reconciliations", new JsonObject { ["sync"] = sync }, cancellationToken);
            var id = started.GetProperty("id").GetString()!;
            var run = await RunWatcher.WaitAsync(api, id, cancellationToken);
            if (RunWatcher.State(run) != "succeeded")
            {
                var (message, hint) = RunWatcher.Failure(run);
                throw new StepFailedException($"The reconciliation of {sync}: {message}", hint);
            }

            var found = await api.GetAsync($"/api/v1/reconciliations/{id}", cancellationToken);
            if (found.GetProperty("verdict").GetString() is var verdict && verdict != "equal")
            {
                throw new StepFailedException($"{sync} is {verdict}: {found.GetProperty("missing")} missing, {found.GetProperty("extra")} extra, {found.GetProperty("changed")} changed.", $"./lake reconcile {sync}");
            }

            rows += found.GetProperty("rows_source").GetInt64();
        }

        return rows;
    }

    private async Task<long> AskAsync(string sql, CancellationToken cancellationToken)
    {
        var answer = await api.PostAsync("/api/v1/sql", new JsonObject { ["sql"] = sql }, cancellationToken);
        var value = answer.GetProperty("rows")[0][0];
        return value.ValueKind == JsonValueKind.String ? long.Parse(value.GetString()!, CultureInfo.InvariantCulture) : value.GetInt64();
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string otherwise, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new StepFailedException(otherwise, "./lake status sync/live_orders says why.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }
}
