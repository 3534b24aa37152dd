using System.Text.Json;
using LakePortal.Cli.Processes;
using LakePortal.EndToEnd.Tests.Support;

namespace LakePortal.EndToEnd.Tests.CommandLine;

/// <summary>The command line as a shell uses it, pipes included, against a running portal.</summary>
[Trait("Category", "Server")]
public sealed class ShellTests
{
    [Fact]
    public async Task A_source_is_set_up_from_the_shell_alone_and_every_wrong_name_comes_with_advice()
    {
        await using var lake = await TestLake.StartAsync();
        await lake.Postgres.ExecuteAsync("postgres", "CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 7) i; ALTER TABLE orders ADD PRIMARY KEY (id)", CancellationToken.None);
        var source = lake.SourceYaml("src", "postgres").Replace("${env:SOURCE_PASSWORD}", "${secret:shop}", StringComparison.Ordinal);
        var sync = "kind: sync\nsource: src\ntables: [public.orders]\nname: orders\nmode: batch\n";

        // Configuration may come before the secret: applied, with a warning that names the way on.
        var applied = await ShellAsync(lake, $"cat <<'END' | lake apply -\n{source}\n---\n{sync}END");
        Assert.Equal((0, "+ source/src\n+ sync/orders\n"), (applied.ExitCode, applied.Output));
        Assert.Contains("warning: source/src: ${secret:shop} has no value.", applied.Error, StringComparison.Ordinal);
        Assert.Contains("./lake secret set shop", applied.Error, StringComparison.Ordinal);

        var wrong = await ShellAsync(lake, "echo wrong | lake secret set shop && lake sync orders --wait");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("hint: Store the right one with: ./lake secret set shop", wrong.Error, StringComparison.Ordinal);

        var right = await ShellAsync(lake, $"printf %s '{lake.Postgres.Password}' | lake secret set shop && lake secret list && lake sync orders --wait");
        Assert.True(right.ExitCode == 0, right.Error);
        Assert.Contains("stored secret/shop version 2", right.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(lake.Postgres.Password, right.Output + right.Error, StringComparison.Ordinal);
        Assert.Equal("7", await lake.ScalarAsync("SELECT count(*) FROM refined.orders"));

        foreach (var (target, unchanged) in ((string, string)[])[("source/src", "= source/src\n"), ("sync/orders", "= sync/orders\n")])
        {
            var again = await ShellAsync(lake, $"set -o pipefail; lake export {target} | lake apply -");
            Assert.Equal((0, unchanged, ""), (again.ExitCode, again.Output, again.Error));
        }

        var nothing = await ShellAsync(lake, "lake export source/zz | lake apply - --prune");
        Assert.Equal(2, nothing.ExitCode);
        Assert.Contains("The standard input is empty; nothing was applied.", nothing.Error, StringComparison.Ordinal);

        foreach (var (command, hint) in ((string, string)[])
        [
            ("status source/zz", "./lake status source"), ("status sync/zz", "./lake status sync"), ("status pipeline/zz", "./lake status pipeline"),
            ("status run/zz", "./lake status run"), ("status user/zz", "./lake status user"), ("status table/raw.zz", "./lake status table"), ("status nothing/zz", "Kinds: "),
            ("token nobody", "./lake status user"), ("logs nosuch", "./lake status run"), ("export dashboard/zz", "./lake status dashboard"), ("run zz", "./lake status pipeline"),
            ("sync zz", "./lake status sync"), ("secret rm zz", "./lake secret list"), ("table register raw.x /nowhere/v1.metadata.json", "metadata.json"),
        ])
        {
            var answer = await ShellAsync(lake, $"lake {command}");
            Assert.NotEqual(0, answer.ExitCode);
            Assert.True(answer.Error.Split('\n').Any(l => l.StartsWith("hint: ", StringComparison.Ordinal) && l.Contains(hint, StringComparison.Ordinal)), $"lake {command}: {answer.Error}");
        }

        var removed = await ShellAsync(lake, "lake secret rm shop && lake secret list");
        Assert.Equal(0, removed.ExitCode);
        Assert.StartsWith("- secret/shop\n", removed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshot_ids_are_texts_in_json_and_a_parameter_that_is_unknown_comes_with_those_there_are()
    {
        await using var lake = await TestLake.StartAsync();
        await lake.ApplyAsync(
            """
            kind: pipeline
            name: numbers
            params: {day: "2026-01-31"}
            tasks:
              - name: one
                type: sql
                target: curated.one
                write: replace
                sql: SELECT 1 AS one
              - name: two
                type: sql
                after: [one]
                target: curated.two
                write: replace
                sql: SELECT one + 1 AS two FROM curated.one
            """);
        var run = await ShellAsync(lake, "lake run numbers --wait");
        Assert.True(run.ExitCode == 0, run.Error);
        var id = JsonDocument.Parse(run.Output).RootElement.GetProperty("id").GetString();
        var tasks = (await lake.Api.GetAsync($"/api/v1/pipeline-runs/{id}", CancellationToken.None)).GetProperty("tasks");
        var written = tasks[0].GetProperty("snapshot_id").GetString();
        Assert.Equal(written, tasks[1].GetProperty("inputs")[0].GetProperty("snapshot_id").GetString());
        Assert.Equal("1", await lake.ScalarAsync($"SELECT one FROM curated.one AT (VERSION => {written})"));

        var unknown = await ShellAsync(lake, "lake run numbers --param dya=2026-02-01");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("hint: It has day.", unknown.Error, StringComparison.Ordinal);
    }

    /// <summary>A script in which <c>lake</c> is the command line, with the portal's address and token.</summary>
    private static Task<CommandResult> ShellAsync(TestLake lake, string script)
    {
        var assembly = typeof(CommandResult).Assembly.Location;
        return Subprocess.RunAsync(
            "bash",
            ["-c", $"export LAKE_URL='{lake.Portal.Url}' LAKE_DATA='{lake.DataDirectory}'; lake() {{ '{PortalProcess.DotnetPath()}' '{assembly}' \"$@\"; }}\n{script}"],
            CancellationToken.None);
    }
}
