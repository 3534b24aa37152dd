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
    [InlineData("user", "add", "ann")]
    [InlineData("demo", "--unknown")]
    public async Task Wrong_usage_ends_with_2(params string[] args) =>
        Assert.Equal(2, await CommandTree.RunAsync(args));

    [Theory]
    [InlineData("apply", "/nowhere/at/all.yaml")]
    [InlineData("sql", "SELECT 1", "--url", "not a url")]
    [InlineData("status", "sync/")]
    [InlineData("export", "pipeline")]
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
}
