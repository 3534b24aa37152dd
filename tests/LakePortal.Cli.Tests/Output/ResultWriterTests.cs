using System.Text.Json;
using LakePortal.Cli.Output;

namespace LakePortal.Cli.Tests.Output;

public sealed class ResultWriterTests
{
    private static readonly string[] Columns = ["n", "t"];

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("170141183460469231731687303715884105727")]
    [InlineData("1234567890123456789012345678.0123456789")]
    [InlineData("0.10")]
    [InlineData("1e400")]
    [InlineData("-0.0")]
    public void Numbers_come_out_digit_by_digit_in_every_format(string number)
    {
        foreach (var format in (OutputFormat[])[OutputFormat.Table, OutputFormat.Json])
        {
            Assert.Contains(number, Write(format, $"[[{number},null]]"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Json_is_an_array_of_objects_in_column_order()
    {
        var text = Write(OutputFormat.Json, """[[1,"a"],[2,null]]""");
        Assert.Equal("""[{"n":1,"t":"a"},{"n":2,"t":null}]""", text.Replace("\n", "", StringComparison.Ordinal).Replace("  ", "", StringComparison.Ordinal));
    }

    [Fact]
    public void No_rows_are_an_empty_array() => Assert.Equal("[]\n", Write(OutputFormat.Json, "[]"));

    [Fact]
    public void Column_names_are_escaped_in_json()
    {
        using var output = new StringWriter();
        ResultWriter.Write(OutputFormat.Json, ["a\"b\\"], Rows("[[1]]"), output);
        Assert.Equal("a\"b\\", JsonDocument.Parse(output.ToString()).RootElement[0].EnumerateObject().Single().Name);
    }

    [Fact]
    public void A_table_aligns_numbers_right_and_keeps_terminal_control_out()
    {
        var text = Write(OutputFormat.Table, """[[1,"a\u001b[31mb"],[200,"ü"]]""");
        Assert.Equal("n    t\n---  ------------\n  1  a\\u001b[31mb\n200  ü\n", text);
    }

    private static string Write(OutputFormat format, string rows)
    {
        using var output = new StringWriter();
        ResultWriter.Write(format, Columns, Rows(rows), output);
        return output.ToString();
    }

    private static List<JsonElement> Rows(string json) => [.. JsonDocument.Parse(json).RootElement.EnumerateArray()];
}
