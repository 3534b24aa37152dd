using System.Diagnostics;
using System.Globalization;
using LakePortal.Cli.Client;
using LakePortal.Cli.Testing;
using LakePortal.EndToEnd.Tests.Support;

namespace LakePortal.EndToEnd.Tests.Interop;

/// <summary>Another engine reads what we wrote: ClickHouse, through chdb. Run by <c>./lake test --interop</c>.</summary>
[Trait("Category", "Interop")]
public sealed class ClickHouseTests
{
    private const string Script =
        """
        import { query } from 'chdb';
        let text = '';
        for await (const part of process.stdin) text += part;
        process.stdout.write(query(text, 'TSV').toString());
        """;

    [Fact]
    public async Task ClickHouse_reads_the_same_rows_from_appends_replaces_merges_and_partitions()
    {
        await using var lake = await TestLake.StartAsync();
        await lake.ApplyAsync(
            """
            kind: pipeline
            name: made
            tasks:
              - name: first
                type: sql
                target: curated.made
                write: merge
                key: [id]
                partition_by: [month(day)]
                sql: |
                  SELECT i AS id, 'row ' || i AS name, CAST(i AS DECIMAL(18, 4)) / 7 AS amount, DATE '2026-01-01' + CAST(i % 90 AS INTEGER) AS day,
                         i % 3 = 0 AS flag, CASE WHEN i % 5 = 0 THEN NULL ELSE i * 1.5::DOUBLE END AS score, TIMESTAMP '2026-01-01 00:00:00' + to_seconds(i) AS at
                  FROM range(20000) AS t(i)
              - name: second
                type: sql
                after: [first]
                target: curated.made
                write: merge
                key: [id]
                sql: |
                  SELECT id, 'changed ' || id AS name, CAST(amount + 1 AS DECIMAL(18, 4)) AS amount, day, flag, score, at FROM curated.made WHERE id % 10 = 3
              - name: third
                type: sql
                after: [second]
                target: curated.appended
                write: append
                sql: SELECT id, name, score FROM curated.made WHERE flag
              - name: fourth
                type: sql
                after: [third]
                target: curated.appended
                write: append
                sql: SELECT id + 100000 AS id, name, score FROM curated.made WHERE NOT flag
            """);
        var run = await lake.WaitAsync(await Cli.Commands.RunCommand.StartAsync(lake.Api, "made", [], null, null, CancellationToken.None));
        Assert.True(RunWatcher.State(run) == "succeeded", run.GetRawText());

        const string Made = "count(*), count(DISTINCT id), sum(id), sum(amount), count(score), sum(CASE WHEN flag THEN 1 ELSE 0 END), min(day), max(day), min(name), max(name)";
        const string Appended = "count(*), count(DISTINCT id), sum(id), count(score), min(name), max(name)";
        await CompareAsync(lake, "made", Made);
        await CompareAsync(lake, "appended", Appended);
    }

    private static async Task CompareAsync(TestLake lake, string table, string expressions)
    {
        var ours = string.Join('\t', (await lake.QueryAsync($"SELECT {expressions} FROM curated.{table}")).Rows[0].Select(v => v.ToString()));
        var detail = await lake.Api.GetAsync($"/api/v1/tables/curated/{table}", CancellationToken.None);
        var location = new Uri(Listing.Find(detail, "location")!.Value.GetString()!).LocalPath;
        // ClickHouse counts distinct values and rows from the data when a filter stands in the way of its metadata.
        var theirs = await AskAsync(lake, $"SELECT {expressions.Replace("count(*)", "countIf(id >= 0)", StringComparison.Ordinal)} FROM icebergLocal('{location}')");
        Assert.Equal(Plain(ours), Plain(theirs));
    }

    /// <summary>Decimals without trailing zeros: engines differ in how many they print.</summary>
    private static string Plain(string line) => string.Join('\t', line.Trim().Split('\t').Select(v =>
        decimal.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? (number / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture) : v));

    private static async Task<string> AskAsync(TestLake lake, string sql)
    {
        var folder = ChdbPackage.Folder(ServerAddress.Home());
        var script = Path.Combine(folder, "ask.mjs");
        await File.WriteAllTextAsync(script, Script);
        // ClickHouse only reads files below its working directory.
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = lake.DataDirectory };
        start.ArgumentList.Add(script);
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(sql);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
        return await output;
    }
}
