using System.Globalization;
using System.Text.Json;
using LakePortal.Cli;

namespace LakePortal.Benchmarks.Sql;

/// <summary>The same rows on both sides, in any order among equals. Floating-point sums may differ in the last digits, because threads add in any order.</summary>
internal static class ResultComparison
{
    public static void Check(string query, IReadOnlyList<string?[]> expected, JsonElement answer)
    {
        var rows = answer.GetProperty("rows").EnumerateArray()
            .Select(r => r.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Null ? null : v.ToString()).ToArray()).ToList();
        if (rows.Count != expected.Count)
        {
            throw new StepFailedException($"{query}: {rows.Count} rows instead of {expected.Count}.", "The measurement is worth nothing.");
        }

        var left = Sorted(expected);
        var right = Sorted(rows);
        for (var i = 0; i < left.Count; i++)
        {
            if (left[i] != right[i])
            {
                throw new StepFailedException($"{query}: row {i} is\n  {right[i]}\ninstead of\n  {left[i]}", "The measurement is worth nothing.");
            }
        }
    }

    private static List<string> Sorted(IEnumerable<string?[]> rows) =>
        [.. rows.Select(r => string.Join(" | ", r.Select(Canonical))).Order(StringComparer.Ordinal)];

    /// <summary>Numbers with ten significant digits and without trailing zeros.</summary>
    private static string Canonical(string? value) =>
        value is null ? "NULL"
        : double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number.ToString("G10", CultureInfo.InvariantCulture)
        : value;
}
