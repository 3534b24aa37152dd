using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Iceberg.Values;

/// <summary>JSON single-value serialisation (specification, appendix D): the defaults of version 3.</summary>
public static class SingleValueJson
{
    private const long MicrosPerSecond = 1_000_000;

    /// <exception cref="InvalidMetadataException">The JSON is not a value of that type.</exception>
    public static object Read(PrimitiveType type, JsonElement json)
    {
        ArgumentNullException.ThrowIfNull(type);
        return (json.ValueKind, type.Kind) switch
        {
            (JsonValueKind.True or JsonValueKind.False, PrimitiveKind.Boolean) => json.GetBoolean(),
            (JsonValueKind.Number, PrimitiveKind.Int) when json.TryGetInt32(out var i) => i,
            (JsonValueKind.Number, PrimitiveKind.Long) when json.TryGetInt64(out var l) => l,
            (JsonValueKind.Number, PrimitiveKind.Float) => json.GetSingle(),
            (JsonValueKind.Number, PrimitiveKind.Double) => json.GetDouble(),
            (JsonValueKind.String, _) => ReadText(type, json.GetString()!) ?? throw Invalid(type, json),
            _ => throw Invalid(type, json),
        };
    }

    public static JsonNode Write(PrimitiveType type, object value)
    {
        ArgumentNullException.ThrowIfNull(type);
        return (type.Kind, value) switch
        {
            (PrimitiveKind.Boolean, bool b) => b,
            (PrimitiveKind.Int, int i) => i,
            (PrimitiveKind.Long, long l) => l,
            (PrimitiveKind.Float, float f) when float.IsFinite(f) => f,
            (PrimitiveKind.Double, double d) when double.IsFinite(d) => d,
            (PrimitiveKind.Decimal, IcebergDecimal d) when d.TryRescale(type.Scale, out var scaled) => scaled.ToString(),
            (PrimitiveKind.Date, int days) => FormatDate(days),
            (PrimitiveKind.Time, long micros) => FormatTime(micros, 6),
            (PrimitiveKind.Timestamp, long micros) => FormatTimestamp(micros, 6),
            (PrimitiveKind.TimestampTz, long micros) => FormatTimestamp(micros, 6) + "+00:00",
            (PrimitiveKind.TimestampNs, long nanos) => FormatTimestamp(nanos, 9),
            (PrimitiveKind.TimestampTzNs, long nanos) => FormatTimestamp(nanos, 9) + "+00:00",
            (PrimitiveKind.String, string s) => s,
            (PrimitiveKind.Uuid, Guid g) => g.ToString(),
            (PrimitiveKind.Fixed or PrimitiveKind.Binary, byte[] bytes) => Convert.ToHexStringLower(bytes),
            _ => throw new ArgumentException($"A value of type {value?.GetType().Name ?? "null"} cannot be written as {TypeNames.Format(type)}.", nameof(value)),
        };
    }

    private static object? ReadText(PrimitiveType type, string text) => type.Kind switch
    {
        PrimitiveKind.String => text,
        PrimitiveKind.Decimal => IcebergDecimal.TryParse(text, out var d) && d.TryRescale(type.Scale, out var scaled) ? scaled : null,
        PrimitiveKind.Date => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? Transforms.ToDays(date) : null,
        PrimitiveKind.Time => ParseTime(text, 6),
        PrimitiveKind.Timestamp => ParseTimestamp(text, 6),
        PrimitiveKind.TimestampTz => ParseTimestamp(WithoutZone(text), 6),
        PrimitiveKind.TimestampNs => ParseTimestamp(text, 9),
        PrimitiveKind.TimestampTzNs => ParseTimestamp(WithoutZone(text), 9),
        PrimitiveKind.Uuid => Guid.TryParse(text, out var guid) ? guid : null,
        PrimitiveKind.Fixed => FromHex(text) is { } bytes && bytes.Length == type.Length ? bytes : null,
        PrimitiveKind.Binary => FromHex(text),
        _ => null,
    };

    private static byte[]? FromHex(string text)
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

    // The specification allows no other zone than UTC.
    private static string? WithoutZone(string text) =>
        text.EndsWith("+00:00", StringComparison.Ordinal) ? text[..^6] : text.EndsWith('Z') ? text[..^1] : null;

    private static long? ParseTimestamp(string? text, int digits)
    {
        if (text is null || text.IndexOf('T', StringComparison.Ordinal) is not (> 0 and var t)
            || !DateOnly.TryParseExact(text[..t], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            || ParseTime(text[(t + 1)..], digits) is not { } time)
        {
            return null;
        }

        return (Transforms.ToDays(date) * 86_400L * UnitsPerSecond(digits)) + time;
    }

    private static long? ParseTime(string text, int digits)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? text : text[..point];
        var fraction = point < 0 ? "" : text[(point + 1)..];
        if (fraction.Length > digits || !fraction.All(char.IsAsciiDigit)
            || !TimeOnly.TryParseExact(whole, ["HH:mm:ss", "HH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return null;
        }

        var units = fraction.Length == 0 ? 0 : long.Parse(fraction.PadRight(digits, '0'), CultureInfo.InvariantCulture);
        return (((time.Hour * 3600L) + (time.Minute * 60) + time.Second) * UnitsPerSecond(digits)) + units;
    }

    private static string FormatDate(long days) => DateOnly.FromDayNumber(checked((int)(days + Transforms.ToDays(DateOnly.MinValue) * -1L))).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string FormatTime(long units, int digits)
    {
        var perSecond = UnitsPerSecond(digits);
        var seconds = units / perSecond;
        var fraction = (units % perSecond).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:00}:{seconds / 60 % 60:00}:{seconds % 60:00}.{fraction}");
    }

    private static string FormatTimestamp(long units, int digits)
    {
        var perDay = 86_400L * UnitsPerSecond(digits);
        var days = (units / perDay) - (units % perDay < 0 ? 1 : 0);
        return $"{FormatDate(days)}T{FormatTime(units - (days * perDay), digits)}";
    }

    private static long UnitsPerSecond(int digits) => digits == 6 ? MicrosPerSecond : MicrosPerSecond * 1000;

    private static InvalidMetadataException Invalid(PrimitiveType type, JsonElement json) =>
        new("default value", $"{json.GetRawText()} is not a value of type {TypeNames.Format(type)}");
}
