using System.Text;
using System.Text.Json;

namespace LakePortal.Cli.Output;

internal enum OutputFormat
{
    Table,
    Csv,
    Json,
    Jsonl,
}

/// <summary>
/// Prints rows. Numbers are copied as the server wrote them, never parsed: a decimal of 38 digits or a 64-bit integer comes out as it went in.
/// </summary>
internal static class ResultWriter
{
    public static void Write(OutputFormat format, IReadOnlyList<string> columns, IReadOnlyList<JsonElement> rows, TextWriter output)
    {
        switch (format)
        {
            case OutputFormat.Csv:
                WriteCsv(columns, rows, output);
                break;
            case OutputFormat.Json:
                WriteJson(columns, rows, output);
                break;
            case OutputFormat.Jsonl:
                foreach (var row in rows)
                {
                    output.Write(Object(columns, row));
                    output.Write('\n');
                }

                break;
            default:
                TableWriter.Write(columns, rows.Select(row => row.EnumerateArray().Select(Cell.Of).ToArray()).ToList(), output);
                break;
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

    /// <summary>RFC 4180 with LF; null is an empty field, an empty text is <c>""</c>.</summary>
    private static void WriteCsv(IReadOnlyList<string> columns, IReadOnlyList<JsonElement> rows, TextWriter output)
    {
        output.Write(string.Join(',', columns.Select(c => CsvField(c, quoteEmpty: true))));
        output.Write('\n');
        foreach (var row in rows)
        {
            output.Write(string.Join(',', row.EnumerateArray().Select(value => value.ValueKind switch
            {
                JsonValueKind.Null => "",
                JsonValueKind.String => CsvField(value.GetString()!, quoteEmpty: true),
                _ => CsvField(value.GetRawText(), quoteEmpty: false),
            })));
            output.Write('\n');
        }
    }

    private static string CsvField(string text, bool quoteEmpty) =>
        (text.Length == 0 && quoteEmpty) || text.AsSpan().IndexOfAny(",\"\r\n") >= 0
            ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : text;
}
