using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;
using LakePortal.Cli.Processes;
using Npgsql;

namespace LakePortal.Benchmarks.Cdc;

/// <summary>
/// A backlog of changes over five tables to raw and refined, all committed, against <c>pg_recvlogical</c> sending the same log to nowhere; then how long a
/// commit takes to be visible in SQL while 5,000 changes a second come.
/// </summary>
internal static class CdcScenario
{
    private const int Tables = 5;
    private const int StartRows = 100_000;
    private const string Slot = "lakeportal_bench_postgres";

    public static async Task<BenchResult> RunAsync(long changes, TimeSpan steady, string? folder, Action<string> say, CancellationToken cancellationToken)
    {
        await using var lake = await BenchLake.StartAsync(folder, withPostgres: true, cancellationToken);
        var postgres = lake.Postgres!;

        // The portal is stopped while the backlog is made; the server must not take it for dead.
        await postgres.ExecuteAsync("postgres", "ALTER SYSTEM SET wal_sender_timeout = 0; SELECT pg_reload_conf();", cancellationToken);
        await postgres.ExecuteAsync("postgres", Schema(), cancellationToken);
        await ApplyCommand.SendAsync(lake.Api, [("bench.yaml", Yaml(postgres))], false, false, cancellationToken);
        await UntilAsync(
            async () => await CaptureAsync(lake, cancellationToken) is { ValueKind: JsonValueKind.Object } capture
                && capture.GetProperty("tables").EnumerateArray().All(t => t.GetProperty("state").GetString() == "streaming"), cancellationToken);

        await postgres.ExecuteAsync("postgres", "SELECT pg_create_logical_replication_slot('reference', 'pgoutput')", cancellationToken);
        await SignalAsync(lake.Portal.ProcessId, "STOP", cancellationToken);
        say(string.Create(CultureInfo.InvariantCulture, $"making {changes:N0} changes in {Tables} tables"));
        await postgres.ExecuteAsync("postgres", Backlog(changes), cancellationToken);
        var end = await PositionAsync(postgres, cancellationToken);
        List<double> reference = [];
        for (var round = 1; round <= 3; round++)
        {
            reference.Add(await ReceiveAsync(postgres, end, cancellationToken));
        }

        var before = ProcessMeter.CpuSeconds(lake.Portal.ProcessId);
        var started = TimeProvider.System.GetTimestamp();
        await SignalAsync(lake.Portal.ProcessId, "CONT", cancellationToken);
        await UntilAsync(async () => Parse((await CaptureAsync(lake, cancellationToken)).GetProperty("captured_position").GetString()) >= Parse(end), cancellationToken);
        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var cpu = ProcessMeter.CpuSeconds(lake.Portal.ProcessId) - before;
        await CheckAsync(lake, postgres, cancellationToken);
        say(string.Create(CultureInfo.InvariantCulture, $"backlog: {seconds:0.00} s, pg_recvlogical {BenchResult.Median(reference):0.00} s; every table equals the source in counts and sums"));

        var freshness = await SteadyAsync(lake, postgres, steady, cancellationToken);
        var theirs = BenchResult.Median(reference);
        return new BenchResult(
            "cdc",
            new JsonObject
            {
                ["seconds"] = Math.Round(seconds, 3), ["changes_per_second"] = Math.Round(changes / seconds), ["changes"] = changes, ["cpu_seconds_per_million"] = Math.Round(cpu * 1e6 / changes, 2),
                ["steady_changes_per_second"] = Math.Round(freshness.Rate), ["visible_p50"] = Math.Round(freshness.P50, 3), ["visible_p95"] = Math.Round(freshness.P95, 3), ["visible_p99"] = Math.Round(freshness.P99, 3),
            },
            new JsonObject { ["seconds"] = Math.Round(theirs, 3), ["changes_per_second"] = Math.Round(changes / theirs), ["what"] = "pg_recvlogical (pgoutput) of the same log > /dev/null" },
            theirs / seconds, "changes/s of pg_recvlogical", ProcessMeter.PeakMegabytes(lake.Portal.ProcessId), cpu);
    }

    private static string Schema() => string.Concat(Enumerable.Range(1, Tables).Select(t =>
        $"""
        CREATE TABLE t{t} (id bigint PRIMARY KEY, customer int NOT NULL, amount numeric(12,2), status text, created_at timestamptz, note text);
        INSERT INTO t{t} SELECT i, i % 5000, i / 7.0, 'NEW', timestamptz '2026-01-01' + i * interval '1 second', md5(i::text) FROM generate_series(1, {StartRows}) i;

        """)) + "CREATE TABLE marker (id bigint PRIMARY KEY, at timestamptz NOT NULL);";

    private static string Yaml(PrivatePostgres postgres) =>
        $$"""
        kind: source
        name: bench
        type: postgres
        host: 127.0.0.1
        port: {{postgres.Port}}
        database: postgres
        username: postgres
        password: ${env:BENCH_PASSWORD}
        ---
        kind: sync
        source: bench
        tables: ["public.t*", public.marker]
        name: "{table}"
        mode: bootstrap+cdc
        """;

    /// <summary>Six of ten changes update, three insert, one deletes; a hundred changes to a transaction.</summary>
    private static string Backlog(long changes) =>
        $"""
        CREATE PROCEDURE backlog() LANGUAGE plpgsql AS $$
        DECLARE n bigint := 0; t int; base bigint := {StartRows};
        BEGIN
          WHILE n < {changes.ToString(CultureInfo.InvariantCulture)} LOOP
            t := 1 + (n / 100) % {Tables};
            EXECUTE format('UPDATE t%s SET amount = amount + 1, status = ''PAID'' WHERE id BETWEEN $1 AND $1 + 59', t) USING 1 + (n * 7919) % ({StartRows} - 100);
            EXECUTE format('INSERT INTO t%s SELECT $1 + i, i, i / 3.0, ''NEW'', now(), md5(i::text) FROM generate_series(1, 30) i', t) USING base + n;
            EXECUTE format('DELETE FROM t%s WHERE id BETWEEN $1 AND $1 + 9', t) USING base + n + 1;
            COMMIT;
            n := n + 100;
          END LOOP;
        END $$;
        CALL backlog();
        """;

    private static async Task<double> ReceiveAsync(PrivatePostgres postgres, string end, CancellationToken cancellationToken)
    {
        // Its last word to the server moves the slot: each round reads a copy, which gives the same log.
        await postgres.ExecuteAsync("postgres", "SELECT pg_copy_logical_replication_slot('reference', 'reference_copy')", cancellationToken);
        var program = Path.Combine(PrivatePostgres.FindPrograms(), "pg_recvlogical");
        var start = new ProcessStartInfo("sh");
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"exec '{program}' -h 127.0.0.1 -p {postgres.Port.ToString(CultureInfo.InvariantCulture)} -U postgres -d postgres --slot=reference_copy --start --endpos={end} -o proto_version=1 -o publication_names=lakeportal_bench -f - --fsync-interval=0 --status-interval=0 > /dev/null");
        start.Environment["PGPASSWORD"] = postgres.Password;
        var started = TimeProvider.System.GetTimestamp();
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(cancellationToken);
        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        await postgres.ExecuteAsync("postgres", "SELECT pg_drop_replication_slot('reference_copy')", cancellationToken);
        return process.ExitCode == 0 ? seconds : throw new StepFailedException("pg_recvlogical failed.", "Its message is above.");
    }

    private static async Task<(double Rate, double P50, double P95, double P99)> SteadyAsync(BenchLake lake, PrivatePostgres postgres, TimeSpan length, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var started = TimeProvider.System.GetTimestamp();
        var writing = WriteAsync(postgres, stop.Token);
        var samples = new List<double>();
        await using var connection = await postgres.OpenAsync("postgres", cancellationToken);
        for (var id = 1L; TimeProvider.System.GetElapsedTime(started) < length; id++)
        {
            await using (var mark = new NpgsqlCommand("INSERT INTO marker VALUES ($1, now())", connection) { Parameters = { new() { Value = id } } })
            {
                await mark.ExecuteNonQueryAsync(cancellationToken);
            }

            var committed = TimeProvider.System.GetTimestamp();
            await UntilAsync(async () => await ScalarAsync(lake, "SELECT coalesce(max(id), 0) FROM refined.marker", cancellationToken) >= id, cancellationToken, pause: 20);
            samples.Add(TimeProvider.System.GetElapsedTime(committed).TotalSeconds);
            await Task.Delay(50, cancellationToken);
        }

        await stop.CancelAsync();
        var written = await writing;
        samples.Sort();
        double At(double share) => samples[(int)Math.Min(samples.Count - 1, share * samples.Count)];
        return (written / TimeProvider.System.GetElapsedTime(started).TotalSeconds, At(0.5), At(0.95), At(0.99));
    }

    private static async Task<long> WriteAsync(PrivatePostgres postgres, CancellationToken stop)
    {
        await using var connection = await postgres.OpenAsync("postgres", CancellationToken.None);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        long written = 0;
        try
        {
            for (var n = 0L; await timer.WaitForNextTickAsync(stop); n++)
            {
                await using var update = new NpgsqlCommand($"UPDATE t{1 + (n % Tables)} SET amount = amount + 1 WHERE id BETWEEN $1 AND $1 + 49", connection) { Parameters = { new() { Value = 1 + (n * 7919 % (StartRows - 100)) } } };
                written += await update.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return written;
        }

        return written;
    }

    /// <summary>A measurement of wrong rows is worth nothing.</summary>
    private static async Task CheckAsync(BenchLake lake, PrivatePostgres postgres, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenAsync("postgres", cancellationToken);
        for (var t = 1; t <= Tables; t++)
        {
            foreach (var value in new[] { "count(*)", "sum(id)", "CAST(sum(amount) * 100 AS bigint)", "count(*) FILTER (WHERE status = 'PAID')" })
            {
                await using var command = new NpgsqlCommand($"SELECT CAST({value} AS bigint) FROM t{t}", connection);
                var source = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
                var ours = await ScalarAsync(lake, $"SELECT CAST({value} AS BIGINT) FROM refined.t{t}", cancellationToken);
                if (source != ours)
                {
                    throw new StepFailedException($"{value} of t{t} is {source} in the source and {ours} in the lake.", "The measurement is worth nothing.");
                }
            }
        }
    }

    private static async Task<long> ScalarAsync(BenchLake lake, string sql, CancellationToken cancellationToken)
    {
        var answer = await lake.Api.PostAsync("/api/v1/sql", new JsonObject { ["sql"] = sql }, cancellationToken);
        var value = answer.GetProperty("rows")[0][0];
        return value.ValueKind == JsonValueKind.String ? long.Parse(value.GetString()!, CultureInfo.InvariantCulture) : value.GetInt64();
    }

    private static Task<JsonElement> CaptureAsync(BenchLake lake, CancellationToken cancellationToken) => lake.Api.GetAsync("/api/v1/sources/bench/capture", cancellationToken);

    private static async Task<string> PositionAsync(PrivatePostgres postgres, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenAsync("postgres", cancellationToken);
        await using var command = new NpgsqlCommand("SELECT pg_current_wal_lsn()::text", connection);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static ulong Parse(string? position)
    {
        var parts = (position ?? "0/0").Split('/');
        return (ulong.Parse(parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) << 32) | ulong.Parse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    private static async Task SignalAsync(int process, string signal, CancellationToken cancellationToken)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(cancellationToken);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken cancellationToken, int pause = 50)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(5))
            {
                throw new StepFailedException("The lake did not get there within five minutes.", $"The slot is {Slot}.");
            }

            await Task.Delay(pause, cancellationToken);
        }
    }
}
