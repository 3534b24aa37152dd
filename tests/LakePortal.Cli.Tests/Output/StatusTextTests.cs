using System.Text.Json;
using LakePortal.Cli.Commands;

namespace LakePortal.Cli.Tests.Output;

public sealed class StatusTextTests
{
    [Fact]
    public void A_long_statement_is_cut_to_one_short_line()
    {
        var sql = $"SELECT a,\n       b\nFROM refined.orders\nWHERE {string.Join(" OR ", Enumerable.Range(0, 200).Select(i => $"x = {i}"))}";
        var status = JsonSerializer.SerializeToElement(new { name = "daily", tasks = new[] { new { name = "t", sql } } });
        using var output = new StringWriter();

        StatusCommand.Properties(status, "", output);

        Assert.Contains("SELECT a, b FROM refined.orders WHERE x = 0", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("x = 9", output.ToString(), StringComparison.Ordinal);
        Assert.All(output.ToString().Split('\n'), line => Assert.InRange(line.Length, 0, 120));
    }

    [Fact]
    public void Short_texts_stay_as_they_are()
    {
        using var output = new StringWriter();

        StatusCommand.Properties(JsonSerializer.SerializeToElement(new { state = "ok", rows = 12345678901L }), "", output);

        Assert.Equal("state: ok\nrows: 12345678901\n", output.ToString());
    }
}
