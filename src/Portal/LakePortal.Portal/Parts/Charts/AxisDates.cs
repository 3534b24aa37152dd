using System.Globalization;

namespace LakePortal.Portal.Parts.Charts;

/// <summary>Days and months along an axis: <c>25 May 2026, 17 Jun, 10 Jul</c>. The year is said once, and again when it changes.</summary>
public sealed class AxisDates
{
    private static readonly string[] Days = ["yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss"];
    private readonly IReadOnlyList<DateTime> _dates;
    private readonly string _format;

    private AxisDates(IReadOnlyList<DateTime> dates, string format) => (_dates, _format) = (dates, format);

    /// <summary>Null when the categories are not all days, or not all months.</summary>
    public static AxisDates? Short(IReadOnlyList<string> categories)
    {
        ArgumentNullException.ThrowIfNull(categories);
        return categories.Count == 0 ? null
            : Parse(categories, Days) is { } days && days.All(d => d.TimeOfDay == TimeSpan.Zero) ? new AxisDates(days, "d MMM")
            : Parse(categories, ["yyyy-MM"]) is { } months ? new AxisDates(months, "MMM")
            : null;
    }

    /// <param name="index">The category to name.</param>
    /// <param name="before">The category named before it; null for the first.</param>
    /// <param name="after">The category named after it; null for the last.</param>
    public string Text(int index, int? before, int? after)
    {
        var date = _dates[index];
        // Side by side, two names with their years would run into each other; the second tells enough.
        var said = before is { } other ? _dates[other].Year == date.Year : after is { } next && _dates[next].Year != date.Year;
        return date.ToString(said ? _format : $"{_format} yyyy", CultureInfo.InvariantCulture);
    }

    private static List<DateTime>? Parse(IReadOnlyList<string> categories, string[] formats)
    {
        var dates = new List<DateTime>(categories.Count);
        foreach (var category in categories)
        {
            if (!DateTime.TryParseExact(category, formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            {
                return null;
            }

            dates.Add(date);
        }

        return dates;
    }
}
