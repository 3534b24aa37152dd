using System.Globalization;
using System.Text.Json.Nodes;
using LakePortal.Cli;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;

namespace LakePortal.Benchmarks.Sql;

/// <summary>
/// The 22 queries on Iceberg tables through the API, with the gate, the authorisation and the policies on, against plain DuckDB over the very
/// same Parquet files. Results are compared; a difference fails the run.
/// </summary>
internal static class SqlScenario
{
    private static readonly string[] Tables = ["region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem"];

    public static async Task<BenchResult> RunAsync(double scale, int rounds, string? folder, Action<string> say, CancellationToken cancellationToken)
    {
        await using var lake = await BenchLake.StartAsync(folder, withPostgres: false, cancellationToken);
        say(string.Create(CultureInfo.InvariantCulture, $"making the tables at scale {scale}"));
        var rows = await MakeTablesAsync(lake, scale, cancellationToken);
        say(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows in {Tables.Length} tables"));
        using var plain = new PlainDuckDb();
        foreach (var table in Tables)
        {
            plain.Attach(table, await FilesAsync(lake, table, cancellationToken));
        }

        var cpuBefore = ProcessMeter.CpuSeconds(lake.Portal.ProcessId);
        var ratios = new List<double>();
        double ours = 0, theirs = 0;
        foreach (var (name, sql) in TpchQueries.All())
        {
            var (mine, reference) = await MeasureAsync(lake, plain, name, sql, rounds, cancellationToken);
            ratios.Add(reference / mine);
            ours += mine;
            theirs += reference;
            say(string.Create(CultureInfo.InvariantCulture, $"{name}: ours {mine * 1000:0} ms, DuckDB {reference * 1000:0} ms, ratio {ratios[^1]:0.00}"));
        }

        var mean = Math.Exp(ratios.Average(Math.Log));
        return new BenchResult(
            "sql",
            new JsonObject { ["seconds"] = Math.Round(ours, 3), ["queries"] = ratios.Count, ["scale"] = scale, ["rows"] = rows, ["worst_ratio"] = Math.Round(ratios.Min(), 3) },
            new JsonObject { ["seconds"] = Math.Round(theirs, 3), ["what"] = "plain DuckDB over the same Parquet files" },
            mean, "geometric mean of the speed ratios", ProcessMeter.PeakMegabytes(lake.Portal.ProcessId),
            ProcessMeter.CpuSeconds(lake.Portal.ProcessId) - cpuBefore);
    }

    private static async Task<(double Ours, double Reference)> MeasureAsync(
        BenchLake lake, PlainDuckDb plain, string name, string sql, int rounds, CancellationToken cancellationToken)
    {
        List<double> ours = [], reference = [];
        for (var round = 0; round <= rounds; round++)
        {
            var started = TimeProvider.System.GetTimestamp();
            var expected = plain.Query(sql);
            var between = TimeProvider.System.GetTimestamp();
            var answer = await lake.Api.PostAsync("/api/v1/sql", new JsonObject { ["sql"] = sql, ["limit"] = 100_000 }, cancellationToken);
            var ended = TimeProvider.System.GetTimestamp();
            if (round == 0)
            {
                // The first round warms both sides up, and is the one that is compared.
                ResultComparison.Check(name, expected, answer);
                continue;
            }

            reference.Add(TimeProvider.System.GetElapsedTime(started, between).TotalSeconds);
            ours.Add(TimeProvider.System.GetElapsedTime(between, ended).TotalSeconds);
        }

        return (BenchResult.Median(ours), BenchResult.Median(reference));
    }

    private static async Task<long> MakeTablesAsync(BenchLake lake, double scale, CancellationToken cancellationToken)
    {
        var yaml = TpchQueries.Resource("tpch.tables.yaml")
            .Replace("@suppliers", Count(10_000, scale), StringComparison.Ordinal)
            .Replace("@parts", Count(200_000, scale), StringComparison.Ordinal)
            .Replace("@customers", Count(150_000, scale), StringComparison.Ordinal)
            .Replace("@orders", Count(1_500_000, scale), StringComparison.Ordinal);
        await ApplyCommand.SendAsync(lake.Api, [("tpch.yaml", yaml)], false, false, cancellationToken);
        var runId = await RunCommand.StartAsync(lake.Api, "tpch_tables", [], null, null, cancellationToken);
        var run = await RunWatcher.WaitAsync(lake.Api, runId, cancellationToken);
        if (RunWatcher.State(run) != "succeeded")
        {
            var (message, hint) = RunWatcher.Failure(run);
            throw new StepFailedException($"Making the tables failed: {message}", hint);
        }

        var rows = 0L;
        foreach (var table in Tables)
        {
            var detail = await lake.Api.GetAsync($"/api/v1/tables/refined/{table}", cancellationToken);
            rows += Listing.Find(detail, "rows")?.GetInt64() ?? 0;
        }

        return rows;
    }

    private static string Count(int atOne, double scale) => Math.Max(100, (long)(atOne * scale)).ToString(CultureInfo.InvariantCulture);

    private static async Task<List<string>> FilesAsync(BenchLake lake, string table, CancellationToken cancellationToken)
    {
        var answer = await lake.Api.GetAsync($"/api/v1/tables/refined/{table}/files?limit=10000", cancellationToken);
        var files = (Listing.Find(answer, "files") ?? throw new StepFailedException($"The table {table} has no list of files.", null)).EnumerateArray()
            .Select(f => f.GetProperty("path").GetString()!).Select(p => p.StartsWith("file://", StringComparison.Ordinal) ? new Uri(p).LocalPath : p).ToList();
        return files.Count > 0 ? files : throw new StepFailedException($"The table {table} is empty.", null);
    }
}
