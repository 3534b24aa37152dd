using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;
using LakePortal.Cli.Processes;
using LakePortal.Cli.Shop;
using Npgsql;

namespace LakePortal.Cli.Demo;

/// <summary>What the demo does in the lake, each phase with facts that can be checked.</summary>
internal sealed class LakePhases(ApiClient api, PrivatePostgres postgres)
{
    private const string Pipeline = "sales_daily";

    private static readonly string[] Tables = ["users", "products", "orders", "order_items", "payments", "support_tickets", "devices"];

    public async Task<string> OffloadAsync(CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        var runs = new List<(string Table, string RunId)>();
        foreach (var table in Tables)
        {
            // 'full' also for the incremental ones: the comparison that follows is exact.
            runs.Add((table, await SyncCommand.StartAsync(api, $"shop_{table}", "full", cancellationToken)));
        }

        var rows = 0L;
        foreach (var (table, runId) in runs)
        {
            var run = await RunWatcher.WaitAsync(api, runId, cancellationToken);
            Check($"sync shop_{table}", run);
            rows += run.TryGetProperty("progress", out var progress) && progress.ValueKind == JsonValueKind.Object ? progress.GetProperty("rows").GetInt64() : 0;
        }

        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        return string.Create(CultureInfo.InvariantCulture, $"{Tables.Length} tables, {rows:N0} rows to raw and refined, {rows / seconds:N0} rows/s");
    }

    /// <summary>Counts and sums of every table, asked in the same words on both sides.</summary>
    public async Task<string> CompareWithSourceAsync(CancellationToken cancellationToken)
    {
        var values = 0;
        foreach (var (table, expressions) in SourceChecks.ByTable)
        {
            var source = await AskPostgresAsync($"SELECT {string.Join(", ", expressions)} FROM {table}", cancellationToken);
            var lake = await AskLakeAsync($"SELECT {string.Join(", ", expressions)} FROM refined.shop_{table}", cancellationToken);
            for (var i = 0; i < expressions.Count; i++)
            {
                Expect($"{expressions[i]} of {table}", source[i], $"refined.shop_{table}", lake[i]);
                values++;
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{values} counts and sums of {SourceChecks.ByTable.Count} tables equal the source's");
    }

    public async Task<string> RunPipelineAsync(CancellationToken cancellationToken)
    {
        var runId = await RunCommand.StartAsync(api, Pipeline, [], null, null, cancellationToken);
        var run = await RunWatcher.WaitAsync(api, runId, cancellationToken);
        Check($"pipeline {Pipeline}", run);
        var detail = await api.GetAsync($"/api/v1/pipeline-runs/{runId}", cancellationToken);
        var tasks = detail.GetProperty("tasks").EnumerateArray().ToList();
        var rows = tasks.Sum(t => t.TryGetProperty("rows_written", out var r) && r.ValueKind == JsonValueKind.Number ? r.GetInt64() : 0);
        return string.Create(CultureInfo.InvariantCulture, $"{Pipeline}: {tasks.Count} tasks, {rows:N0} rows to refined and curated");
    }

    /// <summary>What the pipeline computed, against the same questions asked to the source.</summary>
    public async Task<string> CheckNumbersAsync(CancellationToken cancellationToken)
    {
        foreach (var (what, ofLake, ofSource) in SourceChecks.Results)
        {
            var source = await AskPostgresAsync(ofSource, cancellationToken);
            var lake = await AskLakeAsync(ofLake, cancellationToken);
            for (var i = 0; i < source.Count; i++)
            {
                Expect(what, source[i], "the lake", lake[i]);
            }
        }

        var revenue = (await AskLakeAsync("SELECT sum(revenue) FROM curated.sales_daily", cancellationToken))[0];
        return string.Create(CultureInfo.InvariantCulture, $"revenue {revenue:N2} EUR and {SourceChecks.Results.Count - 1} more results equal the source's, to the cent");
    }

    public async Task<string> RenderChartsAsync(CancellationToken cancellationToken)
    {
        var dashboard = await api.GetAsync("/api/v1/dashboards/sales", cancellationToken);
        var facts = new List<string>();
        foreach (var tile in (Listing.Find(dashboard, "tiles") ?? throw new StepFailedException("The dashboard has no tiles.", null)).EnumerateArray())
        {
            var name = tile.GetProperty("name").GetString()!;
            var data = await api.GetAsync($"/api/v1/dashboards/sales/tiles/{Uri.EscapeDataString(name)}", cancellationToken);
            var rows = (Listing.Find(data, "rows") ?? throw new StepFailedException($"The tile {name} has no rows.", null)).GetArrayLength();
            if (rows == 0)
            {
                throw new StepFailedException($"The tile {name} is empty.", "Run its query in the portal's SQL page.");
            }

            facts.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {rows} rows"));
        }

        return string.Join(", ", facts);
    }

    public async Task<string> RunSavedQueriesAsync(CancellationToken cancellationToken)
    {
        string[] names = ["best_customers", "lost_customers", "revenue_by_category", "failed_payments_by_code"];
        var facts = new List<string>();
        foreach (var name in names)
        {
            var query = await api.GetAsync($"/api/v1/querys/{name}", cancellationToken);
            var sql = Listing.Find(query, "sql")?.GetString() ?? throw new StepFailedException($"The query {name} has no SQL.", null);
            var answer = await QueryAsync(sql, cancellationToken);
            var rows = await CountAsync(sql, answer, cancellationToken);
            facts.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {rows} rows"));
        }

        return string.Join(", ", facts);
    }

    /// <summary>An answer beyond the server's limit is cut; the number of rows is that of the query, not of the answer.</summary>
    private async Task<long> CountAsync(string sql, JsonElement answer, CancellationToken cancellationToken)
    {
        if (!(answer.TryGetProperty("truncated", out var truncated) && truncated.GetBoolean()))
        {
            return answer.GetProperty("rows").GetArrayLength();
        }

        return (long)(await AskLakeAsync($"SELECT count(*) FROM ({sql}) AS q", cancellationToken))[0]!.Value;
    }

    private static void Check(string what, JsonElement run)
    {
        if (RunWatcher.State(run) != "succeeded")
        {
            var (message, hint) = RunWatcher.Failure(run);
            throw new StepFailedException($"{what}: {message}", hint ?? $"./lake logs {run.GetProperty("id").GetString()}");
        }
    }

    private static void Expect(string what, decimal? source, string where, decimal? lake)
    {
        if (source != lake)
        {
            throw new StepFailedException(
                string.Create(CultureInfo.InvariantCulture, $"{what} is {source} in the source, but {lake} in {where}"),
                "Has the source been changed meanwhile? Run the syncs again and compare.");
        }
    }

    private async Task<IReadOnlyList<decimal?>> AskPostgresAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenAsync(ShopDatabase.Name, cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return [.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : (decimal?)Convert.ToDecimal(reader.GetValue(i), CultureInfo.InvariantCulture))];
    }

    private async Task<IReadOnlyList<decimal?>> AskLakeAsync(string sql, CancellationToken cancellationToken)
    {
        var answer = await QueryAsync(sql, cancellationToken);
        return [.. answer.GetProperty("rows")[0].EnumerateArray().Select(v => v.ValueKind switch
        {
            JsonValueKind.Null => (decimal?)null,
            JsonValueKind.String => decimal.Parse(v.GetString()!, NumberStyles.Float, CultureInfo.InvariantCulture),
            _ => v.GetDecimal(),
        })];
    }

    private Task<JsonElement> QueryAsync(string sql, CancellationToken cancellationToken) =>
        api.PostAsync("/api/v1/sql", new JsonObject { ["sql"] = sql }, cancellationToken);
}
