using System.Text;
using LakePortal.Engine.Queries;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.TestSupport;

namespace LakePortal.Serving.Tests.Queries;

public sealed class ExecuteQueryTests(ServingLake serving) : IClassFixture<ServingLake>
{
    private static readonly Caller Analyst = TestLake.CallerWith(Permissions.QueriesRun) with { User = "ana" };

    [Fact]
    public async Task The_limit_cuts_rows_and_says_so()
    {
        var cut = await serving.Lake.SendAsync(new ExecuteQuery("SELECT * FROM range(100000) t(i)", Limit: 7));
        Assert.Equal(7, cut.Rows.Count);
        Assert.True(cut.Truncated);

        var whole = await serving.Lake.SendAsync(new ExecuteQuery("SELECT * FROM range(7) t(i)", Limit: 7));
        Assert.Equal(7, whole.Rows.Count);
        Assert.False(whole.Truncated);
    }

    [Fact]
    public async Task A_limit_beyond_the_largest_is_refused()
    {
        var error = await Assert.ThrowsAsync<InvalidInputException>(() => serving.Lake.SendAsync(new ExecuteQuery("SELECT 1", Limit: 100_001)));
        Assert.Equal("limit", Assert.Single(error.Faults).Path);
    }

    [Fact]
    public async Task A_syntax_error_tells_line_and_column()
    {
        var error = await Assert.ThrowsAsync<SqlSyntaxException>(() => serving.Lake.SendAsync(new ExecuteQuery("SELECT 1\n  FROM FROM x")));
        Assert.Equal((2, 8), (error.Line, error.Column));
        Assert.NotEmpty(error.Faults);
    }

    [Fact]
    public async Task Statistics_name_the_snapshot_that_was_read()
    {
        var written = await serving.WriteAsync("curated.stats", "SELECT i FROM range(10) t(i)");
        var answer = await serving.Lake.SendAsync(new ExecuteQuery("SELECT sum(i) AS s FROM curated.stats"));
        Assert.Equal("45", answer.Rows[0][0]!.ToJsonString());
        Assert.Equal(written.SnapshotId!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Stats.Snapshots["curated.stats"]);
        Assert.Equal(1, answer.Stats.FilesScanned);
    }

    [Fact]
    public async Task Own_queries_are_remembered_with_their_outcome()
    {
        await serving.Lake.SendAsync(new ExecuteQuery("SELECT 41 + 1", QueryId: "history-good"), Analyst);
        await Assert.ThrowsAnyAsync<LakePortalException>(() => serving.Lake.SendAsync(new ExecuteQuery("SELECT nonsense", QueryId: "history-bad"), Analyst));

        var history = await serving.Lake.SendAsync(new ListQueryHistory(), Analyst);
        Assert.Equal(["history-bad", "history-good"], history.Select(h => h.QueryId).Take(2));
        Assert.Equal("failed", history[0].State);
        Assert.NotNull(history[0].Error);
        Assert.Equal(("succeeded", 1L), (history[1].State, history[1].Rows!.Value));
        Assert.Equal("history-good", Assert.Single(await serving.Lake.SendAsync(new ListQueryHistory(Contains: "41 + 1"), Analyst)).QueryId);
        Assert.Empty(await serving.Lake.SendAsync(new ListQueryHistory(), Analyst with { User = "bob" }));
    }

    [Fact]
    public async Task A_query_can_be_cancelled_by_its_owner_and_not_by_others()
    {
        const string Endless = "SELECT count(*) FROM range(10000000000) a(i) WHERE hash(i) % 7 = 8";
        var running = serving.Lake.SendAsync(new ExecuteQuery(Endless, QueryId: "endless"), Analyst);
        while ((await serving.Lake.SendAsync(new ListQueryHistory(), Analyst)).All(h => h is not { QueryId: "endless", State: "running" }))
        {
            Assert.False(running.IsCompleted, "The query ended by itself.");
            await Task.Yield();
        }

        await Assert.ThrowsAsync<PermissionDeniedException>(() => serving.Lake.SendAsync(new CancelQuery("endless"), Analyst with { User = "bob" }));
        Assert.True(await serving.Lake.SendAsync(new CancelQuery("endless"), Analyst));
        await Assert.ThrowsAnyAsync<Exception>(() => running);
        Assert.False(await serving.Lake.SendAsync(new CancelQuery("endless"), Analyst));
        var entry = (await serving.Lake.SendAsync(new ListQueryHistory(), Analyst)).Single(h => h.QueryId == "endless");
        Assert.Equal("cancelled", entry.State);
    }

    [Fact]
    public async Task Running_as_somebody_else_needs_its_permission()
    {
        await Assert.ThrowsAsync<PermissionDeniedException>(() => serving.Lake.SendAsync(new ExecuteQuery("SELECT 1", As: "bob"), Analyst));
    }

    [Fact]
    public async Task An_export_streams_every_row_and_neutralises_formulas()
    {
        using var output = new MemoryStream();
        var rows = await serving.Lake.SendAsync(new ExportQuery(
            "SELECT * FROM (VALUES (1, '=1+1', 'a,\"b\"'), (-2, '', NULL), (3, '@x', 'line\nbreak')) t(n, f, t) ORDER BY abs(n)", "csv", output));
        Assert.Equal(3, rows);
        Assert.Equal("n,f,t\r\n1,'=1+1,\"a,\"\"b\"\"\"\r\n-2,\"\",\r\n3,'@x,\"line\nbreak\"\r\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public async Task An_export_for_shells_ends_lines_with_lf_and_stops_at_the_limit()
    {
        using var output = new MemoryStream();
        Assert.Equal(2, await serving.Lake.SendAsync(new ExportQuery("SELECT '+' || i AS f FROM range(10000) r(i)", "csv", output, Limit: 2, UnixLines: true)));
        Assert.Equal("f\n'+0\n'+1\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public async Task An_export_to_tsv_gives_values_as_they_are_and_can_be_read_back()
    {
        using var output = new MemoryStream();
        await serving.Lake.SendAsync(new ExportQuery(
            "SELECT * FROM (VALUES (1, '=1+1', 'tab\there'), (-2, '', NULL), (3, '\\N', 'line\nbreak')) t(n, f, t) ORDER BY abs(n)", "tsv", output));
        // As psql's COPY … TO STDOUT (HEADER) writes the same rows.
        Assert.Equal("n\tf\tt\n1\t=1+1\ttab\\there\n-2\t\t\\N\n3\t\\\\N\tline\\nbreak\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public async Task An_export_on_an_unknown_engine_is_refused()
    {
        using var output = new MemoryStream();
        var error = await Assert.ThrowsAsync<InvalidInputException>(() => serving.Lake.SendAsync(new ExportQuery("SELECT 1", "csv", output, Engine: "warp")));
        Assert.Equal("engine", Assert.Single(error.Faults).Path);
    }

    [Fact]
    public async Task An_export_to_jsonl_has_one_exact_object_per_line()
    {
        using var output = new MemoryStream();
        await serving.Lake.SendAsync(new ExportQuery("SELECT i AS id, 9223372036854775807 - i AS big, 'ä' AS t FROM range(5000) r(i)", "jsonl", output));
        var lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5000, lines.Length);
        Assert.Equal("""{"id":0,"big":9223372036854775807,"t":"ä"}""", lines[0]);
    }
}
