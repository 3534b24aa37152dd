using System.Text.Json.Nodes;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>Short reads of parse-tree nodes. Absent text is the empty string, as DuckDB writes it.</summary>
internal static class JsonExtensions
{
    public static string Text(this JsonObject node, string property) =>
        node[property] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    public static bool Flag(this JsonObject node, string property) =>
        node[property] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    public static IEnumerable<JsonObject> Objects(this JsonObject node, string property) =>
        node[property] is JsonArray array ? array.OfType<JsonObject>() : [];

    public static IEnumerable<string> Texts(this JsonObject node, string property) =>
        node[property] is JsonArray array ? array.OfType<JsonValue>().Select(v => v.TryGetValue<string>(out var s) ? s : "") : [];

    /// <summary>Position in the statement's text, in characters; null where the parser made the node up.</summary>
    public static int? Location(this JsonObject node) =>
        node["query_location"] is JsonValue value && value.TryGetValue<ulong>(out var at) && at < int.MaxValue ? (int)at : null;
}
