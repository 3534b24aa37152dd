using System.Text.Json.Nodes;
using LakePortal.Ingestion.Contracts.Reconciliation;

namespace LakePortal.Portal.Pages.Reconciliations;

/// <summary>Values of rows that differ, as texts.</summary>
internal static class DifferenceText
{
    private const int Longest = 60;

    public static string Key(ReconciliationDifference difference) => difference.Key switch
    {
        null => difference.Hidden ? "not for you to see" : $"row {difference.Number}",
        { Count: 0 } => "masked",
        { Count: 1 } key => Value(key.First().Value) ?? "null",
        { } key => string.Join(", ", key.Select(p => $"{p.Key} {Value(p.Value) ?? "null"}")),
    };

    /// <summary>Columns that differ and may be seen, with both values.</summary>
    public static IEnumerable<(string Column, string? Source, string? Lake)> Changes(ReconciliationDifference difference) =>
        difference is { Source: { } source, Lake: { } lake }
            ? difference.Columns.Where(c => source.ContainsKey(c) || lake.ContainsKey(c)).Select(c => (c, Value(source[c]), Value(lake[c])))
            : [];

    /// <summary>Columns of either side, in their order.</summary>
    public static IReadOnlyList<string> Columns(ReconciliationDifference difference)
    {
        var first = difference.Source ?? difference.Lake;
        return [.. (first ?? []).Select(p => p.Key).Union((difference.Lake ?? []).Select(p => p.Key), StringComparer.Ordinal)];
    }

    public static string? Value(JsonNode? node) => node switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => node.ToJsonString(),
    };

    public static string Short(string? text) => text switch
    {
        null => "null",
        "" => "''",
        { Length: > Longest } => $"{text[..Longest]}…",
        _ => text,
    };
}
