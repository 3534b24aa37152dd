using System.Globalization;
using System.Text;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>Decimals of the log: groups of nine digits in four bytes, shorter ones at both ends; the first bit is the sign, and negative numbers have all bits turned.</summary>
internal static class BinlogDecimal
{
    private static readonly int[] Bytes = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

    public static string Read(ref ReadOnlySpan<byte> row, int precision, int scale)
    {
        var whole = precision - scale;
        var length = (whole / 9 * 4) + Bytes[whole % 9] + (scale / 9 * 4) + Bytes[scale % 9];
        Span<byte> bytes = stackalloc byte[length];
        row[..length].CopyTo(bytes);
        row = row[length..];
        var isNegative = (bytes[0] & 0x80) == 0;
        bytes[0] ^= 0x80;
        if (isNegative)
        {
            for (var i = 0; i < length; i++)
            {
                bytes[i] ^= 0xFF;
            }
        }

        var text = new StringBuilder(precision + 3);
        ReadOnlySpan<byte> rest = bytes;
        Group(text, ref rest, whole % 9);
        for (var i = 0; i < whole / 9; i++)
        {
            Group(text, ref rest, 9);
        }

        var digits = text.ToString().TrimStart('0');
        text.Clear().Append(isNegative ? "-" : "").Append(digits.Length == 0 ? "0" : digits);
        if (scale > 0)
        {
            text.Append('.');
            for (var i = 0; i < scale / 9; i++)
            {
                Group(text, ref rest, 9);
            }

            Group(text, ref rest, scale % 9);
        }

        return text.ToString();
    }

    private static void Group(StringBuilder text, ref ReadOnlySpan<byte> rest, int digits)
    {
        if (digits > 0)
        {
            text.Append(BinlogBytes.Big(rest, Bytes[digits]).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0'));
            rest = rest[Bytes[digits]..];
        }
    }
}
