using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LakePortal.Cli.Output;

internal static class JsonText
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A JSON string; printed to a terminal or a file, so letters stay letters.</summary>
    public static string Quote(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    /// <summary>Indented; numbers keep their digits because nodes over an element write its raw text.</summary>
    public static string Pretty(JsonElement element) => JsonSerializer.Serialize(element, Indented);

    public static string Pretty(JsonNode node) => node.ToJsonString(Indented);
}
