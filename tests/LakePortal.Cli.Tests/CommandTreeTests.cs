using LakePortal.Cli.Tests.Client;

namespace LakePortal.Cli.Tests;

/// <summary>The exit codes of the contract.</summary>
public sealed class CommandTreeTests
{
    [Theory]
    [InlineData]
    [InlineData("nonsense")]
    [InlineData("sql")]
    [InlineData("sql", "SELECT 1", "--output", "xml")]
    [InlineData("up", "--port", "0")]
    [InlineData("up", "--port", "65536")]
    [InlineData("up", "--bind", "example.org")]
    [InlineData("run", "p", "--of", "run-without-from")]
    [InlineData("sql", "SELECT 1", "--limit", "0")]
    [InlineData("reconcile")]
    [InlineData("reconcile", "orders", "--method", "guess")]
    [InlineData("user", "add", "ann")]
    [InlineData("demo", "--unknown")]
    public async Task Wrong_usage_ends_with_2(params string[] args) =>
        Assert.Equal(2, await CommandTree.RunAsync(args));

    [Theory]
    [InlineData("apply", "/nowhere/at/all.yaml")]
    [InlineData("sql", "SELECT 1", "--url", "not a url")]
    [InlineData("status", "sync/")]
    [InlineData("export", "pipeline")]
    [InlineData("secret")]
    [InlineData("secret", "set")]
    [InlineData("secret", "set", "shop", "the-value")]
    [InlineData("token", "ann", "--ttl", "forever")]
    [InlineData("bench", "offload")]
    public async Task Arguments_that_make_no_sense_end_with_2(params string[] args) =>
        Assert.Equal(2, await CommandTree.RunAsync(args));

    [Fact]
    public async Task Help_ends_with_0() => Assert.Equal(0, await CommandTree.RunAsync(["sql", "--help"]));

    [Fact]
    public async Task No_server_at_the_address_ends_with_1()
    {
        var port = Cli.Processes.FreePort.Find();
        Assert.Equal(1, await CommandTree.RunAsync(["sql", "SELECT 1", "--url", $"http://127.0.0.1:{port}", "--data", Path.GetTempPath()]));
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("12h", 43_200)]
    [InlineData("30d", 2_592_000)]
    public void Durations_have_one_unit(string text, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Commands.TokenCommand.Duration(text));

    [Theory]
    [InlineData("sync/shop_orders", "sync", "shop_orders")]
    [InlineData("table/raw.shop_orders", "table", "raw.shop_orders")]
    [InlineData("syncs", "sync", null)]
    [InlineData("pipeline", "pipeline", null)]
    [InlineData("feature-view", "feature-view", null)]
    public void A_target_is_a_kind_or_an_object(string target, string kind, string? name) =>
        Assert.Equal((kind, name), Commands.StatusCommand.Split(target));

    [Theory]
    [InlineData("value", "value")]
    [InlineData("value\n", "value")]
    [InlineData("value\r\n", "value")]
    [InlineData("two\nlines\n\n", "two\nlines\n")]
    public void A_secret_from_a_file_loses_the_line_break_at_its_end_and_no_more(string text, string value) =>
        Assert.Equal(value, Commands.SecretCommand.Trim(text));

    [Fact]
    public void A_secret_that_is_typed_in_is_asked_for_twice()
    {
        var typed = new Queue<string>(["one", "one", "one", "two"]);
        Assert.Equal("one", Commands.SecretCommand.AskTwice("shop", typed.Dequeue, TextWriter.Null));
        Assert.Throws<UsageException>(() => Commands.SecretCommand.AskTwice("shop", typed.Dequeue, TextWriter.Null));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\n")]
    public void Applying_an_empty_standard_input_is_refused(string text)
    {
        using var input = new StringReader(text);
        Assert.Throws<UsageException>(() => Commands.ApplyCommand.ReadTexts(["-"], input));
    }

    [Fact]
    public void A_dash_among_the_files_is_the_standard_input()
    {
        using var input = new StringReader("kind: role\nname: readers\n");
        Assert.Equal([("-", "kind: role\nname: readers\n")], Commands.ApplyCommand.ReadTexts(["-"], input));
    }

    [Theory]
    [InlineData("succeeded", 0)]
    [InlineData("running", 0)]
    [InlineData("queued", 0)]
    [InlineData("failed", 1)]
    [InlineData("cancelled", 1)]
    public async Task Starting_without_waiting_ends_with_1_only_when_the_run_has_failed_already(string state, int exit)
    {
        await using var server = new OneAnswerServer(
            202, $$"""{"run_id":"r1","id":"r1","state":"{{state}}","error":{"code":"c","message":"It went wrong.","hint":"Do it right."} }""");
        var folder = Directory.CreateTempSubdirectory("lakeportal-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "admin.token"), "t");
            foreach (var command in (string[])["run", "sync"])
            {
                Assert.Equal(exit, await CommandTree.RunAsync([command, "x", "--url", server.Url.ToString(), "--data", folder.FullName]));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
