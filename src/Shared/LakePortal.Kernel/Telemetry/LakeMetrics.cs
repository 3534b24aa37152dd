using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LakePortal.Kernel.Telemetry;

/// <summary>The meter and activity source that the host exports. Modules make their own instruments on <see cref="Meter"/>, named <c>lakeportal.&lt;module&gt;.&lt;what&gt;</c>.</summary>
public sealed class LakeMetrics
{
    public const string MeterName = "LakePortal";

    public static readonly ActivitySource Activities = new(MeterName);

    public LakeMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        Meter = meters.Create(MeterName);
        RequestSeconds = Meter.CreateHistogram(
            "lakeportal.request.duration", "s", "Time of a module request from the door to the answer.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600] });
    }

    public Meter Meter { get; }

    public Histogram<double> RequestSeconds { get; }
}
