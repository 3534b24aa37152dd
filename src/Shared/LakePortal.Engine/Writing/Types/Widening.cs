using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing.Types;

/// <summary>Which values fit which columns without losing anything, and how a column may grow to take them.</summary>
internal static class Widening
{
    private const int IntDigits = 10;
    private const int LongDigits = 19;
    private const int MaxDigits = 38;

    /// <summary>Every value of <paramref name="source"/> is a value of <paramref name="target"/>.</summary>
    public static bool Fits(PrimitiveType source, PrimitiveType target) => (source.Kind, target.Kind) switch
    {
        (PrimitiveKind.Decimal, PrimitiveKind.Decimal) => source.Scale <= target.Scale && source.Precision - source.Scale <= target.Precision - target.Scale,
        (PrimitiveKind.Int, PrimitiveKind.Long or PrimitiveKind.Double) => true,
        (PrimitiveKind.Int, PrimitiveKind.Decimal) => target.Precision - target.Scale >= IntDigits,
        (PrimitiveKind.Long, PrimitiveKind.Decimal) => target.Precision - target.Scale >= LongDigits,
        (PrimitiveKind.Float, PrimitiveKind.Double) => true,
        (PrimitiveKind.Date, PrimitiveKind.Timestamp) => true,
        var (s, t) => s == t,
    };

    /// <summary>The type to which the column can be promoted (specification, section "Schema Evolution") so that the values fit; null: none.</summary>
    public static PrimitiveType? Promoted(PrimitiveType source, PrimitiveType target) => (source.Kind, target.Kind) switch
    {
        (PrimitiveKind.Long, PrimitiveKind.Int) => PrimitiveType.Long,
        (PrimitiveKind.Double, PrimitiveKind.Float) => PrimitiveType.Double,
        (PrimitiveKind.Decimal, PrimitiveKind.Decimal) when source.Scale <= target.Scale => Wider(source.Precision - source.Scale, target.Scale),
        (PrimitiveKind.Int, PrimitiveKind.Decimal) => Wider(IntDigits, target.Scale),
        (PrimitiveKind.Long, PrimitiveKind.Decimal) => Wider(LongDigits, target.Scale),
        _ => null,
    };

    private static PrimitiveType? Wider(int wholeDigits, int scale) =>
        wholeDigits + scale <= MaxDigits ? PrimitiveType.Decimal(wholeDigits + scale, scale) : null;
}
