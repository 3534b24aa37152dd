namespace LakePortal.Iceberg.Values;

/// <summary>
/// The order of typed values as the table format and the SQL engine see it: strings by code point, bytes unsigned, NaN greatest, -0.0 equal to 0.0,
/// numbers across promoted widths. Values of kinds that cannot be compared yield no order.
/// </summary>
public static class ValueComparer
{
    /// <returns>False when the two have no common order.</returns>
    public static bool TryCompare(object left, object right, out int order)
    {
        int? result = (left, right) switch
        {
            (bool a, bool b) => a.CompareTo(b),
            (int a, int b) => a.CompareTo(b),
            (int or long, int or long) => ToLong(left).CompareTo(ToLong(right)),
            (float or double, float or double) => CompareFloating(ToDouble(left), ToDouble(right)),
            (IcebergDecimal a, IcebergDecimal b) => a.CompareTo(b),
            (string a, string b) => CompareStrings(a, b),
            (Guid a, Guid b) => CompareBytes(a.ToByteArray(bigEndian: true), b.ToByteArray(bigEndian: true)),
            (byte[] a, byte[] b) => CompareBytes(a, b),
            _ => null,
        };
        order = result.GetValueOrDefault();
        return result.HasValue;
    }

    /// <summary>UTF-8 byte order. <see cref="string.CompareOrdinal(string,string)"/> would put U+E000..U+FFFF after the supplementary planes.</summary>
    public static int CompareStrings(string left, string right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        var length = Math.Min(left.Length, right.Length);
        for (var i = 0; i < length; i++)
        {
            var a = left[i];
            var b = right[i];
            if (a == b)
            {
                continue;
            }

            var aSurrogate = char.IsSurrogate(a);
            return aSurrogate == char.IsSurrogate(b) ? a.CompareTo(b) : aSurrogate ? 1 : -1;
        }

        return left.Length.CompareTo(right.Length);
    }

    public static int CompareBytes(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceCompareTo(right);

    private static int CompareFloating(double left, double right)
    {
        if (double.IsNaN(left) || double.IsNaN(right))
        {
            return double.IsNaN(left).CompareTo(double.IsNaN(right));
        }

        return left < right ? -1 : left > right ? 1 : 0;
    }

    private static long ToLong(object value) => value is int i ? i : (long)value;

    private static double ToDouble(object value) => value is float f ? f : (double)value;
}
