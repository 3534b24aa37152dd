using System.Globalization;
using System.Text;

namespace LakePortal.Portal.Parts.Charts;

/// <summary>
/// Where the marks of a line, bar or stacked bar chart go, in percent of the plot from its left and upper edge, so that a chart
/// fits every width while its text keeps its size. Pure arithmetic, so that it can be tested without a browser.
/// </summary>
public sealed class AxisLayout
{
    private const double Full = 100;
    private const double WidestBar = 7;
    private const int MaxLabels = 8;

    public sealed record Mark(double At, string Text);

    public sealed record Bar(int Series, int Index, double X, double Y, double Width, double Height);

    public sealed record Point(int Index, double X, double Y);

    public sealed record Line(int Series, string Path, IReadOnlyList<Point> Points);

    public IReadOnlyList<Mark> Ticks { get; private init; } = [];

    public IReadOnlyList<Mark> Labels { get; private init; } = [];

    public IReadOnlyList<Bar> Bars { get; private init; } = [];

    public IReadOnlyList<Line> Lines { get; private init; } = [];

    /// <summary>Width of one category.</summary>
    public double Band { get; private init; }

    /// <summary>Height of the axis line: zero, or the lower edge when zero is not shown.</summary>
    public double Zero { get; private init; }

    public static AxisLayout For(ChartData data, string kind)
    {
        ArgumentNullException.ThrowIfNull(data);
        var stacked = kind == "stacked-bar";
        var line = kind == "line";
        var (min, max) = stacked ? StackedRange(data) : Range(data);
        // A line that stays near zero is read better from zero; one far above it, from where it moves.
        var scale = NiceScale.For(min, max, includeZero: !line || min >= 0 && min < max * 0.5);
        double Y(double value) => Full - scale.Share(value) * Full;
        var band = Full / Math.Max(1, data.Categories.Count);
        double Centre(int index) => band * (index + 0.5);
        var texts = AxisDates.Short(data.Categories);
        return new AxisLayout
        {
            Ticks = [.. scale.Ticks.Select(t => new Mark(Y(t), NiceScale.Text(t)))],
            Labels = Label(data, texts, Centre),
            Band = band,
            Zero = Y(Math.Clamp(0, scale.Min, scale.Max)),
            Bars = line ? [] : stacked ? Stack(data, band, Centre, Y) : Side(data, band, Centre, Y),
            Lines = line ? [.. data.Series.Select((s, n) => LineOf(s, n, Centre, Y))] : [],
        };
    }

    private static List<Mark> Label(ChartData data, AxisDates? dates, Func<int, double> centre)
    {
        var step = Math.Max(1, (int)Math.Ceiling(data.Categories.Count / (double)MaxLabels));
        var labels = new List<Mark>();
        for (var i = 0; i < data.Categories.Count; i += step)
        {
            labels.Add(new Mark(centre(i), dates is null ? data.Categories[i] : dates.Text(i, i == 0 ? null : i - step, i + step < data.Categories.Count ? i + step : null)));
        }

        return labels;
    }

    private static (double Min, double Max) Range(ChartData data)
    {
        var values = data.Series.SelectMany(s => s.Values).OfType<double>().DefaultIfEmpty(0).ToList();
        return (values.Min(), values.Max());
    }

    private static (double Min, double Max) StackedRange(ChartData data)
    {
        var totals = Enumerable.Range(0, data.Categories.Count).Select(i => data.Series.Select(s => s.Values[i] ?? 0).ToList()).ToList();
        return (totals.Select(t => t.Where(v => v < 0).Sum()).DefaultIfEmpty(0).Min(), totals.Select(t => t.Where(v => v > 0).Sum()).DefaultIfEmpty(0).Max());
    }

    private static List<Bar> Side(ChartData data, double band, Func<int, double> centre, Func<double, double> y)
    {
        var bars = new List<Bar>();
        var width = Math.Min(WidestBar, band * 0.72 / Math.Max(1, data.Series.Count));
        for (var s = 0; s < data.Series.Count; s++)
        {
            for (var i = 0; i < data.Categories.Count; i++)
            {
                if (data.Series[s].Values[i] is { } value)
                {
                    var x = centre(i) + (s - data.Series.Count / 2.0) * width;
                    bars.Add(new Bar(s, i, x, Math.Min(y(0), y(value)), width, Math.Abs(y(0) - y(value))));
                }
            }
        }

        return bars;
    }

    private static List<Bar> Stack(ChartData data, double band, Func<int, double> centre, Func<double, double> y)
    {
        var bars = new List<Bar>();
        var width = Math.Min(WidestBar, band * 0.72);
        for (var i = 0; i < data.Categories.Count; i++)
        {
            var (up, down) = (0.0, 0.0);
            for (var s = 0; s < data.Series.Count; s++)
            {
                var value = data.Series[s].Values[i] ?? 0;
                var from = value >= 0 ? up : down;
                var to = from + value;
                (up, down) = value >= 0 ? (to, down) : (up, to);
                if (value != 0)
                {
                    bars.Add(new Bar(s, i, centre(i) - width / 2, Math.Min(y(from), y(to)), width, Math.Abs(y(from) - y(to))));
                }
            }
        }

        return bars;
    }

    private static Line LineOf(ChartSeries series, int number, Func<int, double> centre, Func<double, double> y)
    {
        var path = new StringBuilder();
        var points = new List<Point>();
        var pen = false;
        for (var i = 0; i < series.Values.Count; i++)
        {
            if (series.Values[i] is not { } value)
            {
                // A gap stays a gap: no line is drawn over what is not known.
                pen = false;
                continue;
            }

            var point = new Point(i, centre(i), y(value));
            points.Add(point);
            path.Append(CultureInfo.InvariantCulture, $"{(pen ? 'L' : 'M')}{point.X:0.##} {point.Y:0.##}");
            pen = true;
        }

        return new Line(number, path.ToString(), points);
    }
}
