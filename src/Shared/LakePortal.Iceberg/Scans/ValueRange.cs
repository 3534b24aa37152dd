using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Scans;

/// <summary>
/// What is known of the values of one column in a set of rows: null bounds are unknown. Answers whether some row might match; never says no when
/// one does.
/// </summary>
/// <param name="MayHaveNull">False: certainly no null.</param>
/// <param name="OnlyNull">True: certainly nothing but nulls.</param>
/// <param name="MayHaveNan">False: certainly no NaN. NaN is greater than every number, as in the SQL engine, and not part of the bounds.</param>
/// <param name="Lower">No value is less.</param>
/// <param name="Upper">No value but NaN is greater.</param>
internal readonly record struct ValueRange(bool MayHaveNull, bool OnlyNull, bool MayHaveNan, object? Lower, object? Upper)
{
    public static ValueRange Of(object? value) => value switch
    {
        null => new ValueRange(true, true, false, null, null),
        float.NaN or double.NaN => new ValueRange(false, false, true, value, value),
        _ => new ValueRange(false, false, false, value, value),
    };

    public bool MightMatch(Predicate leaf) => leaf switch
    {
        Predicate.IsNull => MayHaveNull,
        Predicate.NotNull => !OnlyNull,
        _ when OnlyNull => false,
        Predicate.Compare c => MightCompare(c.Op, c.Value),
        Predicate.In i => MightBeIn(i.Values),
        Predicate.StartsWith s => MightStartWith(s.Prefix),
        _ => true,
    };

    public static bool IsFloating(PrimitiveKind kind) => kind is PrimitiveKind.Float or PrimitiveKind.Double;

    private bool MightCompare(CompareOp op, object value) => op switch
    {
        CompareOp.Equal => MightContain(value),
        CompareOp.NotEqual => MayHaveNan || Lower is null || Upper is null || Order(Lower, value) is not 0 || Order(Upper, value) is not 0,
        CompareOp.Less => Lower is null || Order(Lower, value) is null or < 0,
        CompareOp.LessOrEqual => Lower is null || Order(Lower, value) is null or <= 0 || (MayHaveNan && value is float.NaN or double.NaN),
        CompareOp.Greater => MayHaveNan || Upper is null || Order(Upper, value) is null or > 0,
        CompareOp.GreaterOrEqual => MayHaveNan || Upper is null || Order(Upper, value) is null or >= 0,
        _ => true,
    };

    private bool MightContain(object value) =>
        value is float.NaN or double.NaN
            ? MayHaveNan
            : (Lower is null || Order(Lower, value) is null or <= 0) && (Upper is null || Order(Upper, value) is null or >= 0);

    private bool MightBeIn(IReadOnlyList<object> values)
    {
        foreach (var value in values)
        {
            if (MightContain(value))
            {
                return true;
            }
        }

        return false;
    }

    private bool MightStartWith(string prefix)
    {
        // Bounds may be cut off; comparing as many characters as both have keeps every candidate.
        if (Lower is string lower && ValueComparer.CompareStrings(Cut(lower, prefix.Length), Cut(prefix, lower.Length)) > 0)
        {
            return false;
        }

        return Upper is not string upper || ValueComparer.CompareStrings(Cut(upper, prefix.Length), Cut(prefix, upper.Length)) >= 0;
    }

    private static string Cut(string text, int length) => text.Length > length ? text[..length] : text;

    private static int? Order(object left, object right)
    {
        // Uuids are ordered signed by some writers and unsigned by others; within one half of the range both agree.
        if (left is Guid a && right is Guid b && (a.ToByteArray(bigEndian: true)[0] ^ b.ToByteArray(bigEndian: true)[0]) >= 0x80)
        {
            return null;
        }

        return ValueComparer.TryCompare(left, right, out var order) ? order : null;
    }
}
