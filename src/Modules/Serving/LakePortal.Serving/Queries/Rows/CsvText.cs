using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LakePortal.Serving.Queries.Rows;

/// <summary>
/// CSV by RFC 4180: null is empty, an empty text is <c>""</c>. A text that a spreadsheet would take for a formula gets an apostrophe in front
/// (OWASP, "CSV Injection"); numbers do not, so that they stay numbers.
/// </summary>
internal static class CsvText
{
    private static readonly JsonSerializerOptions Nested = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Line(IEnumerable<JsonNode?> cells, string end) => string.Join(',', cells.Select(Cell)) + end;

    private static string Cell(JsonNode? value)
    {
        switch (value)
        {
            case null:
                return "";
            case JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String:
                var text = scalar.GetValue<string>();
                if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r')
                {
                    text = $"'{text}";
                }

                return text.Length == 0 || text.AsSpan().IndexOfAny("\",\r\n") >= 0 ? Quote(text) : text;
            case JsonValue scalar:
                return scalar.ToJsonString();
            default:
                return Quote(value.ToJsonString(Nested));
        }
    }

    private static string Quote(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
