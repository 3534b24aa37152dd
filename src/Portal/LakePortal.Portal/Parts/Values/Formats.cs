using System.Globalization;

namespace LakePortal.Portal.Parts.Values;

/// <summary>How values are written in the portal: the one place, so that every page writes them alike.</summary>
internal static class Formats
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>All digits, groups separated.</summary>
    public static string Count(long value) => value.ToString("#,0", Culture);

    /// <summary>With its noun: <c>1 file</c>, <c>2 files</c>, <c>3 queries</c>.</summary>
    public static string Counted(long value, string one) => $"{Count(value)} {Noun(value, one)}";

    public static string Noun(long value, string one) =>
        value == 1 ? one : one.EndsWith('y') ? $"{one[..^1]}ies" : $"{one}s";

    public static string Bytes(long bytes)
    {
        var value = (double)bytes;
        var unit = 0;
        while (Math.Abs(value) >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return unit == 0 ? $"{Count(bytes)} B" : string.Create(Culture, $"{value:0.0} {Units[unit]}");
    }

    /// <summary>Two units at most: <c>850 ms</c>, <c>12.3 s</c>, <c>4 min 5 s</c>, <c>2 h 3 min</c>, <c>3 d 4 h</c>.</summary>
    public static string Duration(TimeSpan span)
    {
        var absolute = span.Duration();
        var sign = span < TimeSpan.Zero ? "−" : "";
        return sign + absolute switch
        {
            { TotalSeconds: < 1 } => string.Create(Culture, $"{Math.Floor(absolute.TotalMilliseconds):0} ms"),
            { TotalSeconds: < 60 } => string.Create(Culture, $"{Math.Floor(absolute.TotalSeconds * 10) / 10:0.0} s"),
            { TotalMinutes: < 60 } => string.Create(Culture, $"{absolute.Minutes} min {absolute.Seconds} s"),
            { TotalHours: < 24 } => string.Create(Culture, $"{absolute.Hours} h {absolute.Minutes} min"),
            _ => string.Create(Culture, $"{absolute.Days} d {absolute.Hours} h"),
        };
    }

    /// <summary><c>just now</c>, <c>5 min ago</c>, <c>in 2 h</c>; older than a month: the date.</summary>
    public static string Relative(DateTimeOffset value, DateTimeOffset now, TimeZoneInfo zone)
    {
        var ago = now - value;
        var span = ago.Duration();
        var text = span switch
        {
            { TotalSeconds: < 10 } => null,
            { TotalSeconds: < 60 } => string.Create(Culture, $"{span.Seconds} s"),
            { TotalMinutes: < 60 } => string.Create(Culture, $"{span.Minutes} min"),
            { TotalHours: < 24 } => string.Create(Culture, $"{span.Hours} h"),
            { TotalDays: < 31 } => string.Create(Culture, $"{span.Days} d"),
            _ => "",
        };
        return text switch
        {
            null => ago < TimeSpan.Zero ? "in a moment" : "just now",
            "" => TimeZoneInfo.ConvertTime(value, zone).ToString("yyyy-MM-dd", Culture),
            _ => ago < TimeSpan.Zero ? $"in {text}" : $"{text} ago",
        };
    }

    /// <summary>Date, time to the second, and the zone's offset: <c>2026-05-04 13:05:09 UTC+2</c>.</summary>
    public static string Absolute(DateTimeOffset value, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(value, zone);
        return $"{local.ToString("yyyy-MM-dd HH:mm:ss", Culture)} {Offset(local.Offset)}";
    }

    /// <summary>Time of day for logs, to the millisecond.</summary>
    public static string TimeOfDay(DateTimeOffset value, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTime(value, zone).ToString("HH:mm:ss.fff", Culture);

    public static string Iso(DateTimeOffset value) => value.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", Culture);

    public static string Offset(TimeSpan offset)
    {
        if (offset == TimeSpan.Zero)
        {
            return "UTC";
        }

        var sign = offset < TimeSpan.Zero ? "−" : "+";
        var minutes = offset.Duration().Minutes;
        return string.Create(Culture, $"UTC{sign}{offset.Duration().Hours}") + (minutes == 0 ? "" : string.Create(Culture, $":{minutes:00}"));
    }

    /// <summary>Short form for axes and tiles: <c>1.2 k</c>, <c>3.4 M</c>; small numbers as they are.</summary>
    public static string Compact(double value) => Math.Abs(value) switch
    {
        >= 1e12 => string.Create(Culture, $"{value / 1e12:0.##} T"),
        >= 1e9 => string.Create(Culture, $"{value / 1e9:0.##} G"),
        >= 1e6 => string.Create(Culture, $"{value / 1e6:0.##} M"),
        >= 1e4 => string.Create(Culture, $"{value / 1e3:0.#} k"),
        _ => value.ToString("#,0.####", Culture),
    };
}
