using System.Globalization;
using System.Text;

namespace LakePortal.Serving.Queries.Rows;

/// <summary>
/// Dates, times and intervals as the engine's own <c>CAST(… AS VARCHAR)</c> writes them, over their whole range: years before Christ and beyond
/// 9999, and both infinities.
/// </summary>
internal static class TemporalText
{
    private const long MicrosPerSecond = 1_000_000;
    private const long MicrosPerDay = 86_400 * MicrosPerSecond;

    public static string Date(int days) => days switch
    {
        int.MaxValue => "infinity",
        -int.MaxValue => "-infinity",
        _ => Date((long)days),
    };

    /// <param name="micros">Since 1970, UTC.</param>
    /// <param name="nanos">Nanoseconds beyond the microsecond.</param>
    /// <param name="hasZone">Adds <c>+00</c>.</param>
    public static string Timestamp(long micros, int nanos, bool hasZone)
    {
        if (micros is long.MaxValue or -long.MaxValue)
        {
            return micros > 0 ? "infinity" : "-infinity";
        }

        var days = Math.DivRem(micros, MicrosPerDay, out var rest);
        if (rest < 0)
        {
            days--;
            rest += MicrosPerDay;
        }

        var (date, isBeforeChrist) = Split(days);
        return $"{date}{(isBeforeChrist ? " (BC)" : "")} {Time(rest, nanos)}{(hasZone ? "+00" : "")}";
    }

    public static string Time(long micros, int nanos = 0)
    {
        var seconds = Math.DivRem(micros, MicrosPerSecond, out var fraction);
        var text = string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:00}:{seconds / 60 % 60:00}:{seconds % 60:00}");
        return nanos != 0
            ? string.Create(CultureInfo.InvariantCulture, $"{text}.{fraction:000000}{nanos:000}").TrimEnd('0')
            : fraction != 0 ? string.Create(CultureInfo.InvariantCulture, $"{text}.{fraction:000000}").TrimEnd('0') : text;
    }

    public static string Interval(int months, int days, long micros)
    {
        var text = new StringBuilder();
        Add(months / 12, "year");
        Add(months % 12, "month");
        Add(days, "day");
        if (micros != 0 || text.Length == 0)
        {
            if (text.Length > 0)
            {
                text.Append(' ');
            }

            // Negated as unsigned: the smallest long has no positive counterpart.
            text.Append(micros < 0 ? "-" : "").Append(Time((long)Math.Min((ulong)Int128.Abs(micros), long.MaxValue)));
        }

        return text.ToString();

        void Add(int count, string unit)
        {
            if (count != 0)
            {
                text.Append(text.Length > 0 ? " " : "").Append(CultureInfo.InvariantCulture, $"{count} {unit}{(count is 1 or -1 ? "" : "s")}");
            }
        }
    }

    private static string Date(long days)
    {
        var (text, isBeforeChrist) = Split(days);
        return isBeforeChrist ? $"{text} (BC)" : text;
    }

    /// <summary>Days since 1970 in the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").</summary>
    private static (string Text, bool IsBeforeChrist) Split(long days)
    {
        days += 719_468;
        var era = (days >= 0 ? days : days - 146_096) / 146_097;
        var dayOfEra = days - (era * 146_097);
        var yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var shifted = ((5 * dayOfYear) + 2) / 153;
        var day = dayOfYear - (((153 * shifted) + 2) / 5) + 1;
        var month = shifted < 10 ? shifted + 3 : shifted - 9;
        var year = yearOfEra + (era * 400) + (month <= 2 ? 1 : 0);
        return year > 0
            ? (string.Create(CultureInfo.InvariantCulture, $"{year:0000}-{month:00}-{day:00}"), false)
            : (string.Create(CultureInfo.InvariantCulture, $"{1 - year:0000}-{month:00}-{day:00}"), true);
    }
}
