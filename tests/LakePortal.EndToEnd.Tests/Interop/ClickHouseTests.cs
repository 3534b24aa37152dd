using System.Globalization;
using LakePortal.Cli.Client;
using LakePortal.EndToEnd.Tests.Support;

namespace LakePortal.EndToEnd.Tests.Interop;

/// <summary>Another engine reads what we wrote: ClickHouse, through chdb. Run by <c>./lake test --interop</c>.</summary>
[Trait("Category", "Interop")]
public sealed class ClickHouseTests
{
    /// <summary>One column of every type that we write, with nulls, empty values and values before 1970.</summary>
    private const string TypedRows =
        """
        i AS id, CAST(i - 500 AS INTEGER) AS int_value, i % 3 = 0 AS flag, CAST(i AS FLOAT) / 3 AS single_value,
                  CASE WHEN i % 5 <> 0 THEN i::DOUBLE / 7 END AS double_value, CAST(i AS DECIMAL(9, 2)) AS decimal_small, CAST(-i / 8 AS DECIMAL(18, 4)) AS decimal_medium,
                  CAST('1234567890123456789012345678.' || lpad(CAST(i AS VARCHAR), 10, '0') AS DECIMAL(38, 10)) AS decimal_large,
                  CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'Zürich 東京 🐟 ' || i ELSE 'tab' || chr(9) || '"quote' || i END AS text_value,
                  DATE '1969-12-01' + CAST(i % 90 AS INTEGER) AS date_value, TIME '00:00:00' + to_seconds(i % 86400) AS time_value,
                  TIMESTAMP '1969-12-31 23:00:00.123456' + to_seconds(i) AS timestamp_value,
                  CAST(TIMESTAMP '2026-03-29 00:59:59.999999' + to_minutes(i % 500) AS TIMESTAMP WITH TIME ZONE) AS moment,
                  CAST(md5(CAST(i AS VARCHAR)) AS UUID) AS uuid_value, unhex(md5(CAST(i AS VARCHAR))) AS binary_value,
                  CASE WHEN i % 6 = 1 THEN [] ELSE [i, NULL, -i] END AS list_value, {'a': i, 'b': 'x' || i} AS struct_value, MAP {'k' || i: i, 'z': 0} AS map_value
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
                  SELECT i AS id, 'row ' || i AS name, CAST(i / 7 AS DECIMAL(18, 4)) AS amount, DATE '2026-01-01' + CAST(i % 90 AS INTEGER) AS day,
                         i % 3 = 0 AS flag, CASE WHEN i % 5 = 0 THEN NULL ELSE i * 1.5::DOUBLE END AS score, TIMESTAMP '2026-01-01 00:00:00' + to_seconds(i) AS seen_at
                  FROM range(20000) AS t(i)
              - name: second
                type: sql
                after: [first]
                target: curated.made
                write: merge
                key: [id]
                sql: |
                  SELECT id, 'changed ' || id AS name, CAST(amount + 1 AS DECIMAL(18, 4)) AS amount, day, flag, score, seen_at FROM curated.made WHERE id % 10 = 3
              - name: third
                type: sql
                after: [second]
                target: curated.appended
                write: append
                sql: |
                  SELECT id, name, score FROM curated.made WHERE flag
              - name: fourth
                type: sql
                after: [third]
                target: curated.appended
                write: append
                sql: |
                  SELECT id + 100000 AS id, name, score FROM curated.made WHERE NOT flag
            """);
        var run = await lake.WaitAsync(await Cli.Commands.RunCommand.StartAsync(lake.Api, "made", [], null, null, CancellationToken.None));
        Assert.True(RunWatcher.State(run) == "succeeded", run.GetRawText());

        const string Made = "count(*), count(DISTINCT id), sum(id), sum(amount), count(score), sum(CASE WHEN flag THEN 1 ELSE 0 END), min(day), max(day), min(name), max(name)";
        const string Appended = "count(*), count(DISTINCT id), sum(id), count(score), min(name), max(name)";
        await CompareAsync(lake, "made", Made);
        await CompareAsync(lake, "appended", Appended);
    }

    [Fact]
    public async Task ClickHouse_reads_every_type_of_a_plain_table_row_by_row()
    {
        await using var lake = await TestLake.StartAsync();
        await RunAsync(lake, $"""
            kind: pipeline
            name: made
            tasks:
              - name: plain
                type: sql
                target: curated.plain
                write: replace
                sql: |
                  SELECT {TypedRows} FROM range(30000) AS t(i)
            """);
        Assert.Equal(30_000, await TypedTable.CompareAsync(lake, "plain"));
    }

    [Fact]
    public async Task ClickHouse_reads_every_row_of_partitions_by_each_transform()
    {
        await using var lake = await TestLake.StartAsync();
        await RunAsync(lake, $"""
            kind: pipeline
            name: made
            tasks:
              - name: parted
                type: sql
                target: curated.parted
                write: replace
                partition_by: [flag, "month(date_value)", "bucket(3, uuid_value)", "truncate(4, text_value)"]
                sql: |
                  SELECT {TypedRows} FROM range(3000) AS t(i)
              - name: hours
                type: sql
                target: curated.hours
                write: append
                partition_by: ["hour(moment)", "bucket(4, id)"]
                sql: |
                  SELECT {TypedRows} FROM range(3000) AS t(i)
            """);
        Assert.Equal(3_000, await TypedTable.CompareAsync(lake, "parted"));
        Assert.Equal(3_000, await TypedTable.CompareAsync(lake, "hours"));
        Assert.True(await TypedTable.FilesAsync(lake, "parted", "data") > 20, "The table has hardly any partitions.");
    }

    [Fact]
    public async Task ClickHouse_leaves_out_the_rows_that_position_deletes_take()
    {
        await using var lake = await TestLake.StartAsync();
        await RunAsync(lake, $"""
            kind: pipeline
            name: made
            tasks:
              - name: first
                type: sql
                target: curated.changed
                write: merge
                key: [id]
                sql: |
                  SELECT {TypedRows} FROM range(20000) AS t(i)
              - name: second
                type: sql
                after: [first]
                target: curated.changed
                write: merge
                key: [id]
                sql: |
                  SELECT * REPLACE ('changed ' || id AS text_value) FROM curated.changed WHERE id % 20 = 3
              - name: parted
                type: sql
                after: [second]
                target: curated.changed_parts
                write: merge
                key: [id]
                partition_by: [flag]
                sql: |
                  SELECT * FROM curated.changed
              - name: parted_again
                type: sql
                after: [parted]
                target: curated.changed_parts
                write: merge
                key: [id]
                sql: |
                  SELECT * REPLACE ('again ' || id AS text_value) FROM curated.changed WHERE id % 50 IN (1, 2)
            """);
        foreach (var table in (string[])["changed", "changed_parts"])
        {
            Assert.True(await TypedTable.FilesAsync(lake, table, "position deletes") > 0, $"{table} has no position deletes.");
            Assert.Equal(20_000, await TypedTable.CompareAsync(lake, table));
        }
    }

    private static async Task RunAsync(TestLake lake, string yaml)
    {
        await lake.ApplyAsync(yaml);
        var run = await lake.WaitAsync(await Cli.Commands.RunCommand.StartAsync(lake.Api, "made", [], null, null, CancellationToken.None));
        Assert.True(RunWatcher.State(run) == "succeeded", run.GetRawText());
    }

    private static async Task CompareAsync(TestLake lake, string table, string expressions)
    {
        var ours = string.Join('\t', (await lake.QueryAsync($"SELECT {expressions} FROM curated.{table}")).Rows[0].Select(v => v.ToString()));
        var detail = await lake.Api.GetAsync($"/api/v1/tables/curated/{table}", CancellationToken.None);
        var location = new Uri(Listing.Find(detail, "location")!.Value.GetString()!).LocalPath;
        // ClickHouse counts distinct values and rows from the data when a filter stands in the way of its metadata.
        var theirs = await ClickHouse.AskAsync(lake.DataDirectory, $"SELECT {expressions.Replace("count(*)", "countIf(id >= 0)", StringComparison.Ordinal)} FROM icebergLocal('{location}')");
        Assert.Equal(Plain(ours), Plain(theirs));
    }

    /// <summary>Decimals without trailing zeros: engines differ in how many they print.</summary>
    private static string Plain(string line) => string.Join('\t', line.Trim().Split('\t').Select(v =>
        decimal.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? (number / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture) : v));
}
