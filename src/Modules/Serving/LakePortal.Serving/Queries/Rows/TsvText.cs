using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LakePortal.Serving.Queries.Rows;

/// <summary>
/// Tab-separated values as PostgreSQL's COPY writes them: null is <c>\N</c>, and tabs, line ends and backslashes are escaped, so that every value
/// can be read back. For programs: nothing is put in front of what a spreadsheet would take for a formula.
/// </summary>
internal static class TsvText
{
    private static readonly JsonSerializerOptions Nested = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Line(IEnumerable<JsonNode?> cells) => string.Join('\t', cells.Select(Cell)) + "\n";

    private static string Cell(JsonNode? value) => value switch
    {
        null => "\\N",
        JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String => Escape(scalar.GetValue<string>()),
        _ => Escape(value.ToJsonString(Nested)),
    };

    private static string Escape(string text) => text.AsSpan().IndexOfAny("\\\t\n\r") < 0
        ? text
        : text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);
}
