using System.Globalization;
using System.Text.RegularExpressions;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Iceberg.Values;

/// <summary>Names of primitive types as in schema JSON: <c>long</c>, <c>decimal(9,2)</c>, <c>fixed[16]</c>.</summary>
public static partial class TypeNames
{
    private static readonly Dictionary<string, PrimitiveKind> Simple = new(StringComparer.Ordinal)
    {
        ["boolean"] = PrimitiveKind.Boolean,
        ["int"] = PrimitiveKind.Int,
        ["long"] = PrimitiveKind.Long,
        ["float"] = PrimitiveKind.Float,
        ["double"] = PrimitiveKind.Double,
        ["date"] = PrimitiveKind.Date,
        ["time"] = PrimitiveKind.Time,
        ["timestamp"] = PrimitiveKind.Timestamp,
        ["timestamptz"] = PrimitiveKind.TimestampTz,
        ["timestamp_ns"] = PrimitiveKind.TimestampNs,
        ["timestamptz_ns"] = PrimitiveKind.TimestampTzNs,
        ["string"] = PrimitiveKind.String,
        ["uuid"] = PrimitiveKind.Uuid,
        ["binary"] = PrimitiveKind.Binary,
        ["unknown"] = PrimitiveKind.Unknown,
        ["variant"] = PrimitiveKind.Variant,
    };

    private static readonly Dictionary<PrimitiveKind, string> Names = Simple.ToDictionary(p => p.Value, p => p.Key);

    public static bool TryParse(string text, out PrimitiveType type)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Simple.TryGetValue(text, out var kind))
        {
            type = new PrimitiveType(kind);
            return true;
        }

        var match = DecimalPattern().Match(text);
        if (match.Success)
        {
            type = PrimitiveType.Decimal(
                int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture));
            return type.Precision is >= 1 and <= 38 && type.Scale <= type.Precision;
        }

        match = FixedPattern().Match(text);
        type = PrimitiveType.Fixed(match.Success ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0);
        return match.Success;
    }

    public static string Format(PrimitiveType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.Kind switch
        {
            PrimitiveKind.Decimal => $"decimal({type.Precision}, {type.Scale})",
            PrimitiveKind.Fixed => $"fixed[{type.Length}]",
            _ => Names[type.Kind],
        };
    }

    /// <summary>Any type, nested ones in the notation of SQL engines: <c>struct&lt;a: int&gt;</c>.</summary>
    public static string Describe(IcebergType type) => type switch
    {
        PrimitiveType p => Format(p),
        StructType s => $"struct<{string.Join(", ", s.Fields.Select(f => $"{f.Name}: {Describe(f.Type)}"))}>",
        ListType l => $"list<{Describe(l.Element)}>",
        MapType m => $"map<{Describe(m.Key)}, {Describe(m.Value)}>",
        _ => type?.ToString() ?? "?",
    };

    [GeneratedRegex(@"^decimal\(\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\)$", RegexOptions.CultureInvariant)]
    private static partial Regex DecimalPattern();

    [GeneratedRegex(@"^fixed\[\s*(\d{1,9})\s*\]$", RegexOptions.CultureInvariant)]
    private static partial Regex FixedPattern();
}
