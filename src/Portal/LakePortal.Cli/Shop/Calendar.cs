namespace LakePortal.Cli.Shop;

/// <summary>When things happen in the shop: growth over the two years, weekends, the weeks before Christmas, evenings.</summary>
internal sealed class Calendar
{
    private static readonly double[] ByHour =
        [1.2, .7, .4, .3, .3, .5, 1.0, 1.9, 2.9, 3.8, 4.4, 4.9, 5.3, 5.1, 4.8, 4.7, 4.9, 5.5, 6.6, 7.8, 8.3, 7.4, 5.1, 2.7];

    private readonly ShopOptions _options;
    private readonly double[] _cumulativeByDay = new double[ShopOptions.Days + 1];
    private readonly double[] _cumulativeByHour = new double[25];

    public Calendar(ShopOptions options)
    {
        _options = options;
        for (var day = 0; day < ShopOptions.Days; day++)
        {
            _cumulativeByDay[day + 1] = _cumulativeByDay[day] + WeightOf(options.From.AddDays(day), day);
        }

        for (var hour = 0; hour < 24; hour++)
        {
            _cumulativeByHour[hour + 1] = _cumulativeByHour[hour] + ByHour[hour];
        }
    }

    /// <summary>The moment of the order number <paramref name="index"/> of <paramref name="count"/>; ascending in the index.</summary>
    public DateTimeOffset MomentOf(long index, long count, ref Dice dice)
    {
        var position = (index + dice.Unit()) / count * _cumulativeByDay[^1];
        var day = Locate(_cumulativeByDay, position, out var withinDay);
        var hour = Locate(_cumulativeByHour, withinDay * _cumulativeByHour[^1], out var withinHour);
        var microseconds = (long)((hour + withinHour) * 3_600_000_000);
        return _options.From.AddDays(day).AddTicks(microseconds * 10);
    }

    /// <summary>A sale in the last full week of November.</summary>
    public static bool IsSale(DateTimeOffset at) => at is { Month: 11, Day: >= 22 and <= 29 };

    private static double WeightOf(DateTimeOffset at, int day)
    {
        var growth = 0.7 + (0.9 * day / ShopOptions.Days);
        var week = at.DayOfWeek switch
        {
            DayOfWeek.Saturday => 1.15,
            DayOfWeek.Sunday => 1.30,
            DayOfWeek.Monday => 1.05,
            _ => 0.95,
        };
        var year = 1 + (0.12 * Math.Cos((at.DayOfYear - 350) * 2 * Math.PI / 365));
        var season = IsSale(at) ? 2.4 : at is { Month: 12, Day: <= 20 } ? 1.7 : at is { Month: 12, Day: >= 24 and <= 26 } ? 0.4 : 1;
        return growth * week * year * season;
    }

    private static int Locate(double[] cumulative, double position, out double within)
    {
        var at = Array.BinarySearch(cumulative, position);
        var index = Math.Clamp(at >= 0 ? at : ~at - 1, 0, cumulative.Length - 2);
        within = Math.Clamp((position - cumulative[index]) / (cumulative[index + 1] - cumulative[index]), 0, 0.999999);
        return index;
    }
}
