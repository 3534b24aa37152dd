using System.Globalization;

namespace LakePortal.Portal.Parts.Charts;

/// <summary>Slices of a ring, from twelve o'clock, clockwise. Values that are not positive have no slice.</summary>
public static class PieLayout
{
    private const double Outer = 96;
    private const double Inner = 58;

    public sealed record Slice(int Index, double Value, double Share, string Path);

    public static IReadOnlyList<Slice> Slices(IReadOnlyList<double?> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var total = values.OfType<double>().Where(v => v > 0).Sum();
        var slices = new List<Slice>();
        var angle = 0.0;
        for (var i = 0; i < values.Count; i++)
        {
            if (values[i] is not > 0)
            {
                continue;
            }

            var value = values[i]!.Value;
            var share = value / total;
            slices.Add(new Slice(i, value, share, Ring(angle, angle + share)));
            angle += share;
        }

        return slices;
    }

    private static string Ring(double from, double to)
    {
        // An arc from a point to itself is not drawn: a full ring is two halves.
        if (to - from > 0.9999)
        {
            return Ring(0, 0.5) + Ring(0.5, 0.9999);
        }

        var large = to - from > 0.5 ? 1 : 0;
        var (x1, y1) = At(from, Outer);
        var (x2, y2) = At(to, Outer);
        var (x3, y3) = At(to, Inner);
        var (x4, y4) = At(from, Inner);
        return string.Create(CultureInfo.InvariantCulture,
            $"M{x1:0.###} {y1:0.###}A{Outer} {Outer} 0 {large} 1 {x2:0.###} {y2:0.###}L{x3:0.###} {y3:0.###}A{Inner} {Inner} 0 {large} 0 {x4:0.###} {y4:0.###}Z");
    }

    private static (double X, double Y) At(double share, double radius)
    {
        var radians = share * 2 * Math.PI;
        return (Math.Sin(radians) * radius, -Math.Cos(radians) * radius);
    }
}
