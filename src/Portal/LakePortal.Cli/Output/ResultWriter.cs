using System.Text;
using System.Text.Json;

namespace LakePortal.Cli.Output;

internal enum OutputFormat
{
    Table,
    Csv,
    Tsv,
    Json,
    Jsonl,
}

/// <summary>
/// Prints rows as a table or as one JSON document; the other formats are streamed by the server. Numbers are copied as the server wrote them,
/// never parsed: a decimal of 38 digits or a 64-bit integer comes out as it went in.
/// </summary>
internal static class ResultWriter
{
    public static void Write(OutputFormat format, IReadOnlyList<string> columns, IReadOnlyList<JsonElement> rows, TextWriter output)
    {
        switch (format)
        {
            case OutputFormat.Json:
                WriteJson(columns, rows, output);
                break;
            case OutputFormat.Table:
                TableWriter.Write(columns, rows.Select(row => row.EnumerateArray().Select(Cell.Of).ToArray()).ToList(), output);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "The server writes this format.");
        }
    }

    private static void WriteJson(IReadOnlyList<string> columns, IReadOnlyList<JsonElement> rows, TextWriter output)
    {
        output.Write('[');
        for (var i = 0; i < rows.Count; i++)
        {
            output.Write(i == 0 ? "\n  " : ",\n  ");
            output.Write(Object(columns, rows[i]));
        }

        output.Write(rows.Count == 0 ? "]\n" : "\n]\n");
    }

    private static string Object(IReadOnlyList<string> columns, JsonElement row)
    {
        var text = new StringBuilder("{");
        var i = 0;
        foreach (var value in row.EnumerateArray())
        {
            text.Append(i == 0 ? "" : ",").Append(JsonText.Quote(columns[i++])).Append(':').Append(value.GetRawText());
        }

        return text.Append('}').ToString();
    }
}
