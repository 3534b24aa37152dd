using System.Globalization;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Writing.Files;

/// <summary>Reads values from the text in which DuckDB prints them, into the CLR types of <c>ContentFile</c>.</summary>
internal static class StatisticText
{
    public const string Infinity = "infinity";
    public const string NegativeInfinity = "-infinity";

    private const long MicrosPerDay = 86_400_000_000;

    public static object? Parse(PrimitiveType type, string text) => type.Kind switch
    {
        PrimitiveKind.Boolean => text switch { "1" or "true" => (object)true, "0" or "false" => false, _ => null },
        PrimitiveKind.Int => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var i) ? (object)i : null,
        PrimitiveKind.Long => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var l) ? (object)l : null,
        PrimitiveKind.Float => Float(text),
        PrimitiveKind.Double => Double(text),
        PrimitiveKind.Decimal => IcebergDecimal.TryParse(text, out var d) && d.TryRescale(type.Scale, out var scaled) ? (object)scaled : null,
        PrimitiveKind.Date => Date(text),
        PrimitiveKind.Time => Time(text),
        PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz => Timestamp(text),
        PrimitiveKind.String => text,
        PrimitiveKind.Uuid => Guid.TryParse(text, out var u) ? (object)u : null,
        PrimitiveKind.Binary or PrimitiveKind.Fixed => Hex(text),
        _ => null,
    };

    private static float? Float(string text) => float.TryParse(Special(text), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static double? Double(string text) => double.TryParse(Special(text), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    // .NET's invariant culture reads Infinity and NaN, DuckDB prints inf and nan.
    private static string Special(string text) => text switch { "inf" => "Infinity", "-inf" => "-Infinity", "nan" or "-nan" => "NaN", _ => text };

    private static byte[]? Hex(string text)
    {
        try
        {
            return Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary><c>2020-01-31</c>, <c>12345-01-31</c>, <c>0044-03-15 (BC)</c>: days since 1970-01-01.</summary>
    private static int? Date(string text) => Days(text) is { } days and >= int.MinValue and <= int.MaxValue ? (int)days : null;

    private static long? Days(string text)
    {
        const string BeforeChrist = " (BC)";
        var bc = text.EndsWith(BeforeChrist, StringComparison.Ordinal);
        var parts = (bc ? text[..^BeforeChrist.Length] : text).Split('-');
        if (parts.Length != 3 || !Whole(parts[0], out var year) || !Whole(parts[1], out var month) || !Whole(parts[2], out var day))
        {
            return null;
        }

        // Astronomical years: 1 BC is year 0.
        return DaysFromCivil(bc ? 1 - year : year, month, day);
    }

    /// <summary>Days since 1970-01-01 in the proleptic Gregorian calendar, for any year: eras of 400 years that begin on 1 March.</summary>
    private static long DaysFromCivil(long year, long month, long day)
    {
        year -= month <= 2 ? 1 : 0;
        var era = (year >= 0 ? year : year - 399) / 400;
        var yearOfEra = year - (era * 400);
        var dayOfYear = (((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5) + day - 1;
        var dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146_097) + dayOfEra - 719_468;
    }

    /// <summary><c>12:34:56.789012</c>: microseconds since midnight.</summary>
    private static long? Time(string text)
    {
        var parts = text.Split(':');
        if (parts.Length != 3 || !Whole(parts[0], out var hours) || !Whole(parts[1], out var minutes))
        {
            return null;
        }

        var seconds = parts[2].Split('.');
        long micros = 0;
        if (!Whole(seconds[0], out var whole) || (seconds.Length == 2 && !Whole(seconds[1].PadRight(6, '0'), out micros)) || seconds.Length > 2 || micros > 999_999)
        {
            return null;
        }

        return (((((hours * 60) + minutes) * 60) + whole) * 1_000_000) + micros;
    }

    /// <summary><c>2020-01-31 12:34:56.789012</c>, with <c> (BC)</c> after the date and <c>+00</c> at the end: microseconds since 1970-01-01.</summary>
    private static long? Timestamp(string text)
    {
        var blank = text.LastIndexOf(' ');
        if (blank < 0)
        {
            return null;
        }

        var clock = text[(blank + 1)..];
        var sign = clock.IndexOfAny(['+', '-']);
        long offset = 0;
        if (sign >= 0)
        {
            var zone = clock[(sign + 1)..].Split(':');
            long minutes = 0;
            long seconds = 0;
            if (zone.Length > 3 || !Whole(zone[0], out var hours) || (zone.Length > 1 && !Whole(zone[1], out minutes)) || (zone.Length > 2 && !Whole(zone[2], out seconds)))
            {
                return null;
            }

            offset = ((hours * 3600) + (minutes * 60) + seconds) * (clock[sign] == '-' ? -1_000_000 : 1_000_000);
            clock = clock[..sign];
        }

        return Days(text[..blank]) is { } days && Time(clock) is { } micros ? (days * MicrosPerDay) + micros - offset : null;
    }

    private static bool Whole(string text, out long value) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
