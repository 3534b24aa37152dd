using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Serving.Contracts.Dashboards;
using LakePortal.Serving.Contracts.Queries;

namespace LakePortal.Serving.Tests.Dashboards;

public sealed class DashboardTests(ServingLake serving) : IClassFixture<ServingLake>
{
    private const string Sales = """
        kind: dashboard
        name: sales
        title: Sales
        tiles:
          - name: revenue
            chart: stacked-bar
            sql: SELECT day, revenue FROM curated.revenue ORDER BY day
            x: day
            y: revenue
            width: 12
          - {name: total, chart: number, sql: SELECT sum(revenue) AS total FROM curated.revenue, y: [total], unit: EUR}
        """;

    [Fact]
    public async Task A_tile_shows_its_query_and_when_its_data_is_from()
    {
        await serving.WriteAsync("curated.revenue", "SELECT DATE '2026-01-31' AS day, 12.50::DECIMAL(12,2) AS revenue");
        await serving.ApplyAsync(Sales);
        Assert.Equal(ChangeAction.Unchanged, Assert.Single(await serving.ApplyAsync(Sales)).Action);

        var dashboard = await serving.Lake.SendAsync(new GetDashboard("sales"));
        Assert.Equal(("stacked-bar", "revenue", 12), (dashboard.Tiles[0].Chart, dashboard.Tiles[0].Y[0], dashboard.Tiles[0].Width));

        var first = await serving.Lake.SendAsync(new RenderTile("sales", "total"));
        Assert.Equal("12.50", first.Answer.Rows[0][0]!.ToJsonString());
        Assert.NotNull(first.AsOf);
        Assert.Same(first, await serving.Lake.SendAsync(new RenderTile("sales", "total")));

        await serving.WriteAsync("curated.revenue", "SELECT DATE '2026-02-01' AS day, 20.00::DECIMAL(12,2) AS revenue");
        var second = await serving.Lake.SendAsync(new RenderTile("sales", "total"));
        Assert.Equal("20.00", second.Answer.Rows[0][0]!.ToJsonString());
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => serving.Lake.SendAsync(new RenderTile("sales", "nothing")));
    }

    [Theory]
    [InlineData("chart: radar", "none of")]
    [InlineData("chart: line", "needs 'x'")]
    [InlineData("width: 13", "between 1 and 12")]
    [InlineData("y: [1]", "a column or a list")]
    [InlineData("sql: SELECT FROM FROM", "SQL syntax")]
    public async Task A_faulty_tile_is_refused(string line, string message)
    {
        var key = line[..line.IndexOf(':', StringComparison.Ordinal)];
        var lines = new[] { "name: t", "chart: table", "sql: SELECT 1 AS x" }.Where(l => !l.StartsWith($"{key}:", StringComparison.Ordinal)).Append(line);
        var yaml = $"kind: dashboard\nname: faulty\ntiles:\n  - {string.Join("\n    ", lines)}\n";
        var error = await Assert.ThrowsAsync<InvalidInputException>(() => serving.ApplyAsync(yaml));
        Assert.Contains(error.Faults, f => f.Message.Contains(message, StringComparison.Ordinal) && f.Path.StartsWith("test.yaml:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_saved_query_comes_back_as_it_was_saved()
    {
        const string Yaml = "kind: query\nname: best\ndescription: The best ones\nsql: SELECT * FROM curated.not_there_yet\n";
        Assert.Equal(ChangeAction.Create, Assert.Single(await serving.ApplyAsync(Yaml)).Action);
        var saved = Assert.Single(await serving.Lake.SendAsync(new ListSavedQueries()), q => q.Name == "best");
        Assert.Equal(("The best ones", "SELECT * FROM curated.not_there_yet", "system"), (saved.Description, saved.Sql, saved.Owner));
        Assert.Equal(ChangeAction.Unchanged, Assert.Single(await serving.ApplyAsync(Yaml)).Action);
    }

    [Fact]
    public async Task A_table_that_is_not_there_is_a_warning_with_its_place()
    {
        await serving.WriteAsync("curated.revenues", "SELECT 1 AS x");
        var change = Assert.Single(await serving.ApplyAsync("kind: dashboard\nname: early\ntiles:\n  - {name: t, chart: table, sql: SELECT * FROM curated.revenuse}\n"));

        var warning = Assert.Single(change.Warnings);
        Assert.StartsWith("test.yaml:4:29: ", warning, StringComparison.Ordinal);
        Assert.Contains("no table 'curated.revenuse'", warning, StringComparison.Ordinal);
        Assert.Contains("curated.revenues", warning, StringComparison.Ordinal);
        Assert.Empty(Assert.Single(await serving.ApplyAsync("kind: dashboard\nname: early\ntiles:\n  - {name: t, chart: table, sql: SELECT * FROM curated.revenues}\n")).Warnings);
    }
}
