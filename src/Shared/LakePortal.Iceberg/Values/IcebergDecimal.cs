using System.Globalization;
using System.Numerics;

namespace LakePortal.Iceberg.Values;

/// <summary>An exact decimal of up to 38 digits: <c>Unscaled × 10^-Scale</c>. Equality is of both parts; <see cref="CompareTo"/> compares the numbers.</summary>
public readonly record struct IcebergDecimal(BigInteger Unscaled, int Scale) : IComparable<IcebergDecimal>
{
    public int CompareTo(IcebergDecimal other)
    {
        if (Scale == other.Scale)
        {
            return Unscaled.CompareTo(other.Unscaled);
        }

        return Scale < other.Scale
            ? (Unscaled * BigInteger.Pow(10, other.Scale - Scale)).CompareTo(other.Unscaled)
            : Unscaled.CompareTo(other.Unscaled * BigInteger.Pow(10, Scale - other.Scale));
    }

    /// <summary>The same number at another scale.</summary>
    /// <returns>False when digits would be lost.</returns>
    public bool TryRescale(int scale, out IcebergDecimal result)
    {
        if (scale >= Scale)
        {
            result = new IcebergDecimal(Unscaled * BigInteger.Pow(10, scale - Scale), scale);
            return true;
        }

        var quotient = BigInteger.DivRem(Unscaled, BigInteger.Pow(10, Scale - scale), out var remainder);
        result = new IcebergDecimal(quotient, scale);
        return remainder.IsZero;
    }

    /// <summary>Two's-complement, big-endian, as few bytes as possible (at least one).</summary>
    public byte[] ToUnscaledBytes() => Unscaled.ToByteArray(isUnsigned: false, isBigEndian: true);

    public static IcebergDecimal FromUnscaledBytes(ReadOnlySpan<byte> bytes, int scale) =>
        new(new BigInteger(bytes, isUnsigned: false, isBigEndian: true), scale);

    /// <summary>Reads plain (<c>-12.50</c>) or scientific (<c>1E+3</c>) notation; the scale is that of the text.</summary>
    public static bool TryParse(string text, out IcebergDecimal value)
    {
        ArgumentNullException.ThrowIfNull(text);
        value = default;
        var exponent = 0;
        var mantissa = text;
        var e = text.IndexOfAny(['e', 'E']);
        if (e >= 0)
        {
            if (!int.TryParse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent))
            {
                return false;
            }

            mantissa = text[..e];
        }

        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var digits = point < 0 ? mantissa : string.Concat(mantissa.AsSpan(0, point), mantissa.AsSpan(point + 1));
        var scale = (point < 0 ? 0 : mantissa.Length - point - 1) - exponent;
        if (!BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var unscaled))
        {
            return false;
        }

        value = scale >= 0 ? new IcebergDecimal(unscaled, scale) : new IcebergDecimal(unscaled * BigInteger.Pow(10, -scale), 0);
        return true;
    }

    public override string ToString()
    {
        var digits = BigInteger.Abs(Unscaled).ToString(CultureInfo.InvariantCulture);
        var sign = Unscaled.Sign < 0 ? "-" : "";
        if (Scale <= 0)
        {
            return sign + digits;
        }

        digits = digits.PadLeft(Scale + 1, '0');
        return $"{sign}{digits[..^Scale]}.{digits[^Scale..]}";
    }

    public static bool operator <(IcebergDecimal left, IcebergDecimal right) => left.CompareTo(right) < 0;

    public static bool operator >(IcebergDecimal left, IcebergDecimal right) => left.CompareTo(right) > 0;

    public static bool operator <=(IcebergDecimal left, IcebergDecimal right) => left.CompareTo(right) <= 0;

    public static bool operator >=(IcebergDecimal left, IcebergDecimal right) => left.CompareTo(right) >= 0;
}
