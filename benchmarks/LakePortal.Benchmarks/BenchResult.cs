using System.Globalization;
using System.Text.Json.Nodes;

namespace LakePortal.Benchmarks;

/// <summary>Both sides of a scenario and their ratio, as design and contract define it.</summary>
/// <param name="Unit">Of the ratio: what is compared.</param>
/// <param name="PeakMegabytes">Highest resident memory of the portal's process.</param>
/// <param name="CpuSeconds">Processor time that the portal spent on the measured work.</param>
internal sealed record BenchResult(
    string Scenario, JsonObject Ours, JsonObject Reference, double Ratio, string Unit, double PeakMegabytes, double CpuSeconds)
{
    public string ToJsonLine() => new JsonObject
    {
        ["scenario"] = Scenario,
        ["ours"] = Ours.DeepClone(),
        ["reference"] = Reference.DeepClone(),
        ["ratio"] = Math.Round(Ratio, 4),
        ["unit"] = Unit,
        ["peak_mb"] = Math.Round(PeakMegabytes, 1),
        ["cpu_seconds"] = Math.Round(CpuSeconds, 2),
    }.ToJsonString();

    public string ToText() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Scenario}: ratio {Ratio:0.000} ({Unit})\n  ours       {Line(Ours)}\n  reference  {Line(Reference)}\n  portal     peak {PeakMegabytes:N0} MB, {CpuSeconds:0.0} CPU-s");

    public static double Median(IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static string Line(JsonObject side) => string.Join(", ", side.Select(p => $"{p.Key} {p.Value?.ToJsonString()}"));
}
