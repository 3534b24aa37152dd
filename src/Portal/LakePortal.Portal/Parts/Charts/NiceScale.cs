using System.Globalization;

namespace LakePortal.Portal.Parts.Charts;

/// <summary>An axis with round numbers: steps of 1, 2, 2.5 or 5 times a power of ten that cover the data.</summary>
public sealed record NiceScale(double Min, double Max, double Step)
{
    public IEnumerable<double> Ticks
    {
        get
        {
            var count = (int)Math.Round((Max - Min) / Step);
            for (var i = 0; i <= count; i++)
            {
                // Adding steps would carry errors along: 0.1 + 0.2.
                yield return Math.Round(Min + i * Step, 10);
            }
        }
    }

    /// <summary>0 at <see cref="Min"/>, 1 at <see cref="Max"/>.</summary>
    public double Share(double value) => (value - Min) / (Max - Min);

    /// <param name="includeZero">Bars have to start at zero; lines need not.</param>
    public static NiceScale For(double min, double max, bool includeZero, int ticks = 5)
    {
        if (includeZero)
        {
            min = Math.Min(0, min);
            max = Math.Max(0, max);
        }

        if (max - min < double.Epsilon)
        {
            (min, max) = max == 0 ? (0, 1) : max > 0 ? (includeZero ? 0 : max * 0.9, max * 1.1) : (max * 1.1, includeZero ? 0 : max * 0.9);
        }

        var step = NiceStep((max - min) / ticks);
        return new NiceScale(Math.Floor(min / step) * step, Math.Ceiling(max / step) * step, step);
    }

    public static string Text(double value) => Values.Formats.Compact(value).ToString(CultureInfo.InvariantCulture);

    private static double NiceStep(double rough)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / power) switch
        {
            <= 1 => 1,
            <= 2 => 2,
            <= 2.5 => 2.5,
            <= 5 => 5,
            _ => 10,
        } * power;
    }
}
