using System.Text;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Values;

namespace LakePortal.Engine.Writing.Files;

/// <summary>
/// Column bounds in the specification's binary form (appendix D) with the metrics mode <c>truncate(16)</c>. A bound may be wider than the
/// values and is left out when in doubt; it is never narrower.
/// </summary>
internal static class Bounds
{
    private const int Length = 16;

    public static byte[]? Lower(PrimitiveType type, object value) => value switch
    {
        float.NaN or double.NaN => null,

        // DuckDB's statistics do not tell the zeros apart; the specification orders -0.0 before +0.0.
        float f and 0f => SingleValue.Encode(type, float.NegativeZero),
        double d and 0d => SingleValue.Encode(type, double.NegativeZero),
        string s => Encoding.UTF8.GetBytes(Prefix(s)),
        byte[] b => b.Length <= Length ? b : b[..Length],
        _ => SingleValue.Encode(type, value),
    };

    public static byte[]? Upper(PrimitiveType type, object value) => value switch
    {
        float.NaN or double.NaN => null,
        float f and 0f => SingleValue.Encode(type, 0f),
        double d and 0d => SingleValue.Encode(type, 0d),
        string s => UpperText(s) is { } text ? Encoding.UTF8.GetBytes(text) : null,
        byte[] b => UpperBytes(b),
        _ => SingleValue.Encode(type, value),
    };

    private static string Prefix(string text)
    {
        var end = 0;
        for (var points = 0; points < Length && end < text.Length; points++)
        {
            end += char.IsHighSurrogate(text[end]) && end + 1 < text.Length ? 2 : 1;
        }

        return text[..end];
    }

    /// <summary>The first code points, the last of them that can be incremented; null when there is none.</summary>
    private static string? UpperText(string text)
    {
        var prefix = Prefix(text);
        if (prefix.Length == text.Length)
        {
            return text;
        }

        var runes = prefix.EnumerateRunes().ToArray();
        for (var i = runes.Length - 1; i >= 0; i--)
        {
            var next = runes[i].Value + 1;
            next = next is >= 0xD800 and <= 0xDFFF ? 0xE000 : next;
            if (next <= 0x10FFFF)
            {
                return string.Concat(runes[..i].Select(r => r.ToString())) + new Rune(next);
            }
        }

        return null;
    }

    private static byte[]? UpperBytes(byte[] bytes)
    {
        if (bytes.Length <= Length)
        {
            return bytes;
        }

        for (var i = Length - 1; i >= 0; i--)
        {
            if (bytes[i] != 0xFF)
            {
                var upper = bytes[..(i + 1)];
                upper[i]++;
                return upper;
            }
        }

        return null;
    }
}
