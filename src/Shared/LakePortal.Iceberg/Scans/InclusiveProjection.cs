using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Scans;

/// <summary>
/// Turns conditions on columns into conditions on partition values such that a row that matches is always in a partition that matches
/// (specification, section "Scan Planning": inclusive projection).
/// </summary>
internal static class InclusiveProjection
{
    /// <summary>A predicate on the partition value, with the field id of the source kept; null: nothing can be said.</summary>
    public static Predicate? Project(Predicate leaf, Transform transform, PrimitiveType source)
    {
        if (!Transforms.CanApply(transform, source) || transform.Name == "void")
        {
            return null;
        }

        if (transform.Name == "identity" || leaf is Predicate.IsNull or Predicate.NotNull)
        {
            return leaf;
        }

        return leaf switch
        {
            Predicate.Compare c when Coerce(c.Value, source) is { } value => ProjectCompare(c with { Value = value }, transform, source),
            Predicate.In i => ProjectIn(i, transform, source),
            Predicate.StartsWith s when transform.Name == "truncate" && source.Kind == PrimitiveKind.String => ProjectPrefix(s, transform),
            _ => null,
        };
    }

    /// <summary>The literal as a value of the column's type; null when it is none, and nothing can be said.</summary>
    public static object? Coerce(object value, PrimitiveType type) => (type.Kind, value) switch
    {
        (PrimitiveKind.Int or PrimitiveKind.Date, int) => value,
        (PrimitiveKind.Int or PrimitiveKind.Date, long l) when l is >= int.MinValue and <= int.MaxValue => (int)l,
        (PrimitiveKind.Long, int i) => (long)i,
        (PrimitiveKind.Long or PrimitiveKind.Time or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz or PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs, long) => value,
        (PrimitiveKind.Decimal, IcebergDecimal d) when d.TryRescale(type.Scale, out var scaled) => scaled,
        (PrimitiveKind.Boolean, bool) or (PrimitiveKind.Float, float) or (PrimitiveKind.Double, double) or (PrimitiveKind.String, string)
            or (PrimitiveKind.Uuid, Guid) or (PrimitiveKind.Fixed or PrimitiveKind.Binary, byte[]) => value,
        _ => null,
    };

    private static Predicate? ProjectCompare(Predicate.Compare c, Transform transform, PrimitiveType source)
    {
        if (transform.Name == "bucket")
        {
            return c.Op == CompareOp.Equal ? c with { Value = Transforms.Apply(transform, source, c.Value)! } : null;
        }

        if (!TryApply(transform, source, c.Value, out var projected))
        {
            return null;
        }

        return c.Op switch
        {
            CompareOp.Equal when Widened(transform, projected) is { } also => new Predicate.In(c.FieldId, [projected, also]),
            CompareOp.Equal => c with { Value = projected },
            CompareOp.Less or CompareOp.LessOrEqual => new Predicate.Compare(c.FieldId, CompareOp.LessOrEqual, Widened(transform, projected) ?? projected),
            CompareOp.Greater or CompareOp.GreaterOrEqual => new Predicate.Compare(c.FieldId, CompareOp.GreaterOrEqual, projected),
            _ => null,
        };
    }

    private static Predicate.In? ProjectIn(Predicate.In i, Transform transform, PrimitiveType source)
    {
        var values = new List<object>();
        foreach (var value in i.Values)
        {
            if (Coerce(value, source) is not { } coerced || !TryApply(transform, source, coerced, out var projected))
            {
                return null;
            }

            values.Add(projected);
            if (Widened(transform, projected) is { } also)
            {
                values.Add(also);
            }
        }

        return new Predicate.In(i.FieldId, values);
    }

    private static Predicate ProjectPrefix(Predicate.StartsWith s, Transform transform)
    {
        var cut = Transforms.Prefix(s.Prefix, transform.Parameter);
        return cut.Length == s.Prefix.Length ? s : new Predicate.Compare(s.FieldId, CompareOp.Equal, cut);
    }

    // Java before version 1.0 rounded times before 1970 towards zero: their partition value may be one too high.
    private static object? Widened(Transform transform, object projected) =>
        transform.Name is "year" or "month" or "day" or "hour" && projected is int value and < 0 ? value + 1 : null;

    private static bool TryApply(Transform transform, PrimitiveType source, object value, out object projected)
    {
        try
        {
            projected = Transforms.Apply(transform, source, value)!;

            // Truncation at the very end of the range wraps around: the order is lost there.
            return transform.Name != "truncate" || !ValueComparer.TryCompare(projected, value, out var order) || order <= 0;
        }
        catch (OverflowException)
        {
            projected = value;
            return false;
        }
    }
}
