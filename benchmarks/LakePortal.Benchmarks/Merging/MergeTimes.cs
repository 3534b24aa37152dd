using System.Diagnostics;
using System.Globalization;

namespace LakePortal.Benchmarks.Merging;

/// <summary>How long merges took, and each of their steps by the engine's own spans.</summary>
internal sealed class MergeTimes
{
    private const string SourceName = "LakePortal.Engine.Merging";

    private readonly List<double> _totals = [];
    private readonly Dictionary<string, List<double>> _steps = [];

    public double Total => _totals.Sum();

    public double Median => BenchResult.Median(_totals);

    public async Task MeasureAsync(Func<Task> merge)
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (!_steps.TryGetValue(span.OperationName, out var times))
                {
                    _steps[span.OperationName] = times = [];
                }

                times.Add(span.Duration.TotalMilliseconds);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var watch = Stopwatch.StartNew();
        await merge();
        _totals.Add(watch.Elapsed.TotalMilliseconds);
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Median:0.0} ms: ")
        + string.Join(", ", _steps.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key.Replace("merge ", "", StringComparison.Ordinal)} {BenchResult.Median(s.Value):0.0}")));
}
