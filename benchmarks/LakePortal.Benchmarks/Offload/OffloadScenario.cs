using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LakePortal.Cli;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;
using LakePortal.Cli.Processes;

namespace LakePortal.Benchmarks.Offload;

/// <summary>
/// A table of PostgreSQL to a committed Iceberg snapshot, by a batch sync through the API, against <c>psql</c> copying the same table in binary
/// to nowhere. Runs alternate, so that both see the same machine; the medians count.
/// </summary>
internal static class OffloadScenario
{
    public static async Task<BenchResult> RunAsync(long rows, int rounds, string? folder, Action<string> say, CancellationToken cancellationToken)
    {
        await using var lake = await BenchLake.StartAsync(folder, withPostgres: true, cancellationToken);
        say(string.Create(CultureInfo.InvariantCulture, $"loading {rows:N0} rows × 8 columns into PostgreSQL"));
        await lake.Postgres!.ExecuteAsync("postgres", TableSql(rows), cancellationToken);

        // By itself: PostgreSQL vacuums only outside of a batch of statements.
        await lake.Postgres!.ExecuteAsync("postgres", "VACUUM (FREEZE, ANALYZE) bench", cancellationToken);
        await ApplyAsync(lake, cancellationToken);
        await CopyToNowhereAsync(lake.Postgres, cancellationToken);

        List<double> reference = [], committed = [], whole = [], cpu = [];
        for (var round = 1; round <= rounds; round++)
        {
            reference.Add(await CopyToNowhereAsync(lake.Postgres, cancellationToken));
            var before = ProcessMeter.CpuSeconds(lake.Portal.ProcessId);
            var (toCommit, toEnd) = await OffloadAsync(lake, rows, cancellationToken);
            cpu.Add(ProcessMeter.CpuSeconds(lake.Portal.ProcessId) - before);
            committed.Add(toCommit);
            whole.Add(toEnd);
            say(string.Create(CultureInfo.InvariantCulture, $"round {round}: psql {reference[^1]:0.00} s, raw committed {toCommit:0.00} s, run {toEnd:0.00} s"));
        }

        var ours = BenchResult.Median(committed);
        var theirs = BenchResult.Median(reference);
        return new BenchResult(
            "offload",
            new JsonObject { ["seconds"] = Math.Round(ours, 3), ["rows_per_second"] = Math.Round(rows / ours), ["seconds_with_refined"] = Math.Round(BenchResult.Median(whole), 3), ["rows"] = rows },
            new JsonObject { ["seconds"] = Math.Round(theirs, 3), ["rows_per_second"] = Math.Round(rows / theirs), ["what"] = "psql COPY (FORMAT binary) > /dev/null" },
            theirs / ours, "rows/s of COPY", ProcessMeter.PeakMegabytes(lake.Portal.ProcessId), BenchResult.Median(cpu));
    }

    /// <summary>Eight columns of the usual kinds, about 108 bytes a row in binary COPY.</summary>
    public static string TableSql(long rows) =>
        $"""
        CREATE UNLOGGED TABLE bench AS
        SELECT i AS id, (hashint8(i) & 1048575)::int AS customer, (('x' || substr(md5(i::text), 1, 6))::bit(24)::int / 100.0)::numeric(12,2) AS amount,
          timestamptz '2025-01-01' + i * interval '7 seconds' AS created_at, (i % 11 <> 0) AS is_paid, md5(i::text) AS reference,
          (ARRAY['NEW', 'PAID', 'SHIPPED', 'DELIVERED', 'FAILED'])[1 + (hashint8(i) & 3)] AS status, sqrt(i::float8) AS score
        FROM generate_series(1::bigint, {rows.ToString(CultureInfo.InvariantCulture)}) i;
        ALTER TABLE bench ADD PRIMARY KEY (id);
        """;

    public static async Task ApplyAsync(BenchLake lake, CancellationToken cancellationToken)
    {
        var yaml =
            $$"""
            kind: source
            name: bench
            type: postgres
            host: 127.0.0.1
            port: {{lake.Postgres!.Port}}
            database: postgres
            username: postgres
            password: ${env:BENCH_PASSWORD}
            ---
            kind: sync
            source: bench
            tables: [public.bench]
            name: bench
            mode: batch
            """;
        await ApplyCommand.SendAsync(lake.Api, [("bench.yaml", yaml)], false, false, cancellationToken);
    }

    private static async Task<(double ToCommit, double ToEnd)> OffloadAsync(BenchLake lake, long rows, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetUtcNow();
        var runId = await SyncCommand.StartAsync(lake.Api, "bench", null, cancellationToken);
        var run = await RunWatcher.WaitAsync(lake.Api, runId, cancellationToken);
        if (RunWatcher.State(run) != "succeeded")
        {
            var (message, hint) = RunWatcher.Failure(run);
            throw new StepFailedException($"The sync failed: {message}", hint);
        }

        var raw = await lake.Api.GetAsync("/api/v1/tables/raw/bench", cancellationToken);
        var snapshot = (Listing.Find(raw, "snapshots") ?? throw new StepFailedException("The raw table has no snapshots.", null)).EnumerateArray()
            .MaxBy(s => s.GetProperty("at").GetDateTimeOffset());
        if (snapshot.GetProperty("added_rows").GetInt64() != rows)
        {
            throw new StepFailedException($"The snapshot added {snapshot.GetProperty("added_rows").GetInt64()} rows instead of {rows}.", "The measurement is worth nothing.");
        }

        // Both ends on this machine's clock, the request to start included.
        var committedAt = snapshot.GetProperty("at").GetDateTimeOffset();
        var finishedAt = run.GetProperty("finished_at").GetDateTimeOffset();
        return ((committedAt - started).TotalSeconds, (finishedAt - started).TotalSeconds);
    }

    public static async Task<double> CopyToNowhereAsync(PrivatePostgres postgres, CancellationToken cancellationToken)
    {
        var psql = Path.Combine(PrivatePostgres.FindPrograms(), "psql");
        var start = new ProcessStartInfo("sh");
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"exec '{psql}' -X -q -c 'COPY bench TO STDOUT (FORMAT binary)' > /dev/null");
        start.Environment["PGHOST"] = "127.0.0.1";
        start.Environment["PGPORT"] = postgres.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = "postgres";
        start.Environment["PGDATABASE"] = "postgres";
        start.Environment["PGPASSWORD"] = postgres.Password;
        var started = TimeProvider.System.GetTimestamp();
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? TimeProvider.System.GetElapsedTime(started).TotalSeconds
            : throw new StepFailedException("psql failed.", "Its message is above.");
    }
}
