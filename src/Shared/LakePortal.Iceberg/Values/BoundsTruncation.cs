using System.Text;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Iceberg.Values;

/// <summary>Cuts column bounds to the length of the default metrics mode, <c>truncate(16)</c>; they stay bounds.</summary>
public static class BoundsTruncation
{
    public const int DefaultLength = 16;

    /// <summary>A value that is not greater: text by code points, binary by bytes; other types are returned as they are.</summary>
    public static object Lower(PrimitiveType type, object value, int length = DefaultLength) => (type?.Kind, value) switch
    {
        (PrimitiveKind.String, string text) => Transforms.Prefix(text, length),
        (PrimitiveKind.Binary, byte[] bytes) when bytes.Length > length => bytes[..length],
        _ => value,
    };

    /// <summary>A value that is not less; null when there is none of that length.</summary>
    public static object? Upper(PrimitiveType type, object value, int length = DefaultLength) => (type?.Kind, value) switch
    {
        (PrimitiveKind.String, string text) => UpperText(text, length),
        (PrimitiveKind.Binary, byte[] bytes) when bytes.Length > length => UpperBytes(bytes[..length]),
        _ => value,
    };

    private static string? UpperText(string text, int length)
    {
        var prefix = Transforms.Prefix(text, length);
        if (prefix.Length == text.Length)
        {
            return text;
        }

        // The last code point that can be raised is; those after it are dropped.
        var runes = prefix.EnumerateRunes().Select(r => r.Value).ToArray();
        for (var i = runes.Length - 1; i >= 0; i--)
        {
            // Surrogates are no characters: the one after U+D7FF is U+E000.
            var next = runes[i] == 0xD7FF ? 0xE000 : runes[i] + 1;
            if (next <= 0x10FFFF)
            {
                return string.Concat(runes.Take(i).Append(next).Select(r => new Rune(r).ToString()));
            }
        }

        return null;
    }

    private static byte[]? UpperBytes(byte[] prefix)
    {
        for (var i = prefix.Length - 1; i >= 0; i--)
        {
            if (prefix[i] < byte.MaxValue)
            {
                prefix[i]++;
                return prefix[..(i + 1)];
            }
        }

        return null;
    }
}
