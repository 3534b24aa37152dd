using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LakePortal.Cli.Output;

/// <param name="Text">One line, control characters made visible.</param>
/// <param name="AlignRight">Numbers.</param>
internal readonly record struct Cell(string Text, bool AlignRight)
{
    public static Cell Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => new Cell("NULL", false),
        JsonValueKind.Number => new Cell(value.GetRawText(), true),
        JsonValueKind.String => new Cell(OneLine(value.GetString()!), false),
        _ => new Cell(OneLine(value.GetRawText()), false),
    };

    public static Cell Of(string text) => new(OneLine(text), false);

    /// <summary>What comes from data must not move the cursor or set colours of somebody's terminal.</summary>
    private static string OneLine(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        var result = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            result.Append(c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => c.ToString(),
            });
        }

        return result.ToString();
    }
}

internal static class TableWriter
{
    public static void Write(IReadOnlyList<string> columns, IReadOnlyList<Cell[]> rows, TextWriter output)
    {
        var widths = new int[columns.Count];
        for (var i = 0; i < columns.Count; i++)
        {
            widths[i] = Math.Max(Width(columns[i]), rows.Count == 0 ? 0 : rows.Max(row => Width(row[i].Text)));
        }

        var line = new StringBuilder();
        for (var i = 0; i < columns.Count; i++)
        {
            Append(line, columns[i], widths[i], false, i == columns.Count - 1);
        }

        Flush(line, output);
        Flush(line.AppendJoin("  ", widths.Select(w => new string('-', w))), output);
        foreach (var row in rows)
        {
            for (var i = 0; i < columns.Count; i++)
            {
                Append(line, row[i].Text, widths[i], row[i].AlignRight, i == columns.Count - 1);
            }

            Flush(line, output);
        }
    }

    private static void Append(StringBuilder line, string text, int width, bool right, bool last)
    {
        var padding = new string(' ', width - Width(text));
        line.Append(right ? padding : "").Append(text);
        if (!last)
        {
            line.Append(right ? "" : padding).Append("  ");
        }
    }

    private static void Flush(StringBuilder line, TextWriter output)
    {
        output.Write(line.ToString().TrimEnd());
        output.Write('\n');
        line.Clear();
    }

    /// <summary>Columns on a terminal: combined characters count once.</summary>
    private static int Width(string text) => new StringInfo(text).LengthInTextElements;
}
