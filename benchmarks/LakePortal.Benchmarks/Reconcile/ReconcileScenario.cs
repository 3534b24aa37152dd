using System.Globalization;
using System.Text.Json.Nodes;
using LakePortal.Benchmarks.Offload;
using LakePortal.Cli;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;

namespace LakePortal.Benchmarks.Reconcile;

/// <summary>
/// Comparing a table of PostgreSQL with its refined table, nothing being wrong, through the API, against <c>psql</c> copying the same table in binary to
/// nowhere. Runs alternate; the medians count.
/// </summary>
internal static class ReconcileScenario
{
    public static async Task<BenchResult> RunAsync(long rows, int rounds, string? folder, Action<string> say, CancellationToken cancellationToken)
    {
        await using var lake = await BenchLake.StartAsync(folder, withPostgres: true, cancellationToken);
        say(string.Create(CultureInfo.InvariantCulture, $"loading {rows:N0} rows × 8 columns into PostgreSQL, and from there into the lake"));
        await lake.Postgres!.ExecuteAsync("postgres", OffloadScenario.TableSql(rows), cancellationToken);
        await lake.Postgres!.ExecuteAsync("postgres", "VACUUM (FREEZE, ANALYZE) bench", cancellationToken);
        await OffloadScenario.ApplyAsync(lake, cancellationToken);
        var load = await RunWatcher.WaitAsync(lake.Api, await SyncCommand.StartAsync(lake.Api, "bench", null, cancellationToken), cancellationToken);
        if (RunWatcher.State(load) != "succeeded")
        {
            var (message, hint) = RunWatcher.Failure(load);
            throw new StepFailedException($"The sync failed: {message}", hint);
        }

        await OffloadScenario.CopyToNowhereAsync(lake.Postgres, cancellationToken);
        List<double> reference = [], ours = [], cpu = [];
        for (var round = 1; round <= rounds; round++)
        {
            reference.Add(await OffloadScenario.CopyToNowhereAsync(lake.Postgres, cancellationToken));
            var before = ProcessMeter.CpuSeconds(lake.Portal.ProcessId);
            ours.Add(await ReconcileAsync(lake, rows, cancellationToken));
            cpu.Add(ProcessMeter.CpuSeconds(lake.Portal.ProcessId) - before);
            say(string.Create(CultureInfo.InvariantCulture, $"round {round}: psql {reference[^1]:0.00} s, reconciled in {ours[^1]:0.00} s, {cpu[^1]:0.0} CPU seconds"));
        }

        var (mine, theirs) = (BenchResult.Median(ours), BenchResult.Median(reference));
        return new BenchResult(
            "reconcile",
            new JsonObject { ["seconds"] = Math.Round(mine, 3), ["rows_per_second"] = Math.Round(rows / mine), ["rows"] = rows },
            new JsonObject { ["seconds"] = Math.Round(theirs, 3), ["rows_per_second"] = Math.Round(rows / theirs), ["what"] = "psql COPY (FORMAT binary) > /dev/null" },
            mine / theirs, "times COPY's time", ProcessMeter.PeakMegabytes(lake.Portal.ProcessId), BenchResult.Median(cpu));
    }

    private static async Task<double> ReconcileAsync(BenchLake lake, long rows, CancellationToken cancellationToken)
    {
        var id = await ReconcileCommand.StartAsync(lake.Api, "bench", null, false, null, cancellationToken);
        var run = await RunWatcher.WaitAsync(lake.Api, id, cancellationToken);
        if (RunWatcher.State(run) != "succeeded")
        {
            var (message, hint) = RunWatcher.Failure(run);
            throw new StepFailedException($"The reconciliation failed: {message}", hint);
        }

        var result = await lake.Api.GetAsync($"/api/v1/reconciliations/{id}", cancellationToken);
        if (result.GetProperty("verdict").GetString() != "equal" || result.GetProperty("rows_source").GetInt64() != rows)
        {
            throw new StepFailedException($"The verdict is {result.GetProperty("verdict").GetString()} of {result.GetProperty("rows_source").GetInt64()} rows.", "The measurement is worth nothing.");
        }

        return (run.GetProperty("finished_at").GetDateTimeOffset() - run.GetProperty("started_at").GetDateTimeOffset()).TotalSeconds;
    }
}
