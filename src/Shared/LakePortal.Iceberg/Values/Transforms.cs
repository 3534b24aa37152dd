using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Values;

/// <summary>The partition transforms (specification, section "Partition Transforms" and appendix B).</summary>
public static class Transforms
{
    private static readonly DateOnly Epoch = new(1970, 1, 1);

    /// <summary>Reads <c>bucket[16]</c>, <c>day</c>, …; a name that is not known is kept as it is.</summary>
    public static Transform Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var open = text.IndexOf('[', StringComparison.Ordinal);
        if (open > 0 && text[^1] == ']' && text[..open] is "bucket" or "truncate"
            && int.TryParse(text.AsSpan(open + 1, text.Length - open - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var parameter) && parameter > 0)
        {
            return new Transform(text[..open], parameter);
        }

        return new Transform(text);
    }

    public static bool IsKnown(Transform transform)
    {
        ArgumentNullException.ThrowIfNull(transform);
        return transform.Name is "identity" or "year" or "month" or "day" or "hour" or "void" || (transform.Name is "bucket" or "truncate" && transform.Parameter > 0);
    }

    /// <summary>True when the transform is defined for columns of that type.</summary>
    public static bool CanApply(Transform transform, PrimitiveType source)
    {
        ArgumentNullException.ThrowIfNull(transform);
        ArgumentNullException.ThrowIfNull(source);
        return IsKnown(transform) && transform.Name switch
        {
            "identity" => source.Kind is not (PrimitiveKind.Variant or PrimitiveKind.Unknown),
            "void" => true,
            "bucket" => source.Kind is PrimitiveKind.Int or PrimitiveKind.Long or PrimitiveKind.Decimal or PrimitiveKind.Date or PrimitiveKind.Time
                or PrimitiveKind.String or PrimitiveKind.Uuid or PrimitiveKind.Fixed or PrimitiveKind.Binary || IsTimestamp(source.Kind),
            "truncate" => source.Kind is PrimitiveKind.Int or PrimitiveKind.Long or PrimitiveKind.Decimal or PrimitiveKind.String or PrimitiveKind.Binary,
            "hour" => IsTimestamp(source.Kind),
            _ => source.Kind is PrimitiveKind.Date || IsTimestamp(source.Kind),
        };
    }

    /// <summary>Type of the partition values. Unknown transforms: string, as other implementations do.</summary>
    public static PrimitiveType ResultType(Transform transform, PrimitiveType source)
    {
        ArgumentNullException.ThrowIfNull(transform);
        return transform.Name switch
        {
            "identity" or "truncate" or "void" => source,
            "bucket" or "year" or "month" or "hour" => PrimitiveType.Int,
            "day" => PrimitiveType.Date,
            _ => PrimitiveType.String,
        };
    }

    /// <exception cref="InvalidTableDefinitionException">The transform is unknown or not defined for the type.</exception>
    public static object? Apply(Transform transform, PrimitiveType source, object? value)
    {
        if (!CanApply(transform, source))
        {
            throw new InvalidTableDefinitionException($"the transform '{transform}' cannot be computed for a column of type {TypeNames.Format(source)}");
        }

        if (value is null || transform.Name == "void")
        {
            return null;
        }

        return transform.Name switch
        {
            "identity" => value,
            "bucket" => (Hash(value) & int.MaxValue) % transform.Parameter,
            "truncate" => Truncate(transform.Parameter, value),
            _ => Period(transform.Name, source.Kind, value),
        };
    }

    /// <summary>The bucket transform's hash before the modulus.</summary>
    public static int Hash(object value)
    {
        switch (value)
        {
            case int i:
                return HashLong(i);
            case long l:
                return HashLong(l);
            case IcebergDecimal d:
                return Murmur3.Hash(d.ToUnscaledBytes());
            case string s:
                return Murmur3.Hash(Encoding.UTF8.GetBytes(s));
            case Guid g:
                return Murmur3.Hash(g.ToByteArray(bigEndian: true));
            case byte[] b:
                return Murmur3.Hash(b);
            default:
                throw new ArgumentException($"A value of type {value?.GetType().Name ?? "null"} has no bucket hash.", nameof(value));
        }
    }

    /// <summary>First <paramref name="count"/> code points.</summary>
    internal static string Prefix(string text, int count)
    {
        var index = 0;
        for (var taken = 0; taken < count && index < text.Length; taken++)
        {
            index += char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) ? 2 : 1;
        }

        return index >= text.Length ? text : text[..index];
    }

    private static int HashLong(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Murmur3.Hash(bytes);
    }

    private static object Truncate(int width, object value) => value switch
    {
        // Wraps like other implementations at the very low end of the range instead of failing.
        int i => unchecked(i - (((i % width) + width) % width)),
        long l => unchecked(l - (((l % width) + width) % width)),
        IcebergDecimal d => new IcebergDecimal(d.Unscaled - (((d.Unscaled % width) + width) % width), d.Scale),
        string s => Prefix(s, width),
        byte[] b => b.Length <= width ? b : b[..width],
        _ => throw new ArgumentException($"A value of type {value.GetType().Name} cannot be truncated.", nameof(value)),
    };

    private static int Period(string name, PrimitiveKind source, object value)
    {
        long day;
        if (source == PrimitiveKind.Date)
        {
            day = (int)value;
        }
        else
        {
            var unitsPerHour = source is PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs ? 3_600_000_000_000 : 3_600_000_000;
            var hour = FloorDiv((long)value, unitsPerHour);
            if (name == "hour")
            {
                return checked((int)hour);
            }

            day = FloorDiv(hour, 24);
        }

        if (name == "day")
        {
            return checked((int)day);
        }

        var (year, month) = CivilFromDays(day);
        return name == "year" ? year - 1970 : ((year - 1970) * 12) + month - 1;
    }

    /// <summary>Proleptic Gregorian date of a day number; unlike <see cref="DateOnly"/> it also holds years before 1 and after 9999.</summary>
    private static (int Year, int Month) CivilFromDays(long days)
    {
        var shifted = days + 719_468;
        var era = FloorDiv(shifted, 146_097);
        var dayOfEra = shifted - (era * 146_097);
        var yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var monthIndex = ((5 * dayOfYear) + 2) / 153;
        var month = (int)(monthIndex < 10 ? monthIndex + 3 : monthIndex - 9);
        return (checked((int)(yearOfEra + (era * 400) + (month <= 2 ? 1 : 0))), month);
    }

    private static long FloorDiv(long value, long divisor) => (value / divisor) - (value % divisor < 0 ? 1 : 0);

    private static bool IsTimestamp(PrimitiveKind kind) =>
        kind is PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz or PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs;

    /// <summary>Days since 1970-01-01.</summary>
    public static int ToDays(DateOnly date) => date.DayNumber - Epoch.DayNumber;
}
