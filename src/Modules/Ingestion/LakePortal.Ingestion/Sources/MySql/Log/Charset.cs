using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using LakePortal.Ingestion.Sources.MySql.Wire;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>A character set in which the log has texts as they are stored, and their UTF-8, which is what the server makes of them in results.</summary>
internal abstract class Charset
{
    /// <returns>The most bytes that so many bytes can become.</returns>
    public abstract int LongestUtf8(int bytes);

    /// <returns>Bytes written.</returns>
    public abstract int ToUtf8(ReadOnlySpan<byte> text, Span<byte> target);
}

/// <summary>Sets of two or four bytes for each unit, which are Unicode's own.</summary>
internal sealed class UnicodeCharset(Encoding encoding) : Charset
{
    public override int LongestUtf8(int bytes) => (bytes * 2) + 4;

    public override int ToUtf8(ReadOnlySpan<byte> text, Span<byte> target) => Encoding.UTF8.GetBytes(encoding.GetString(text), target);
}

/// <summary>Sets of one byte for each character, by what the server itself makes of each byte.</summary>
internal sealed class ByteCharset(IReadOnlyList<byte[]> characters) : Charset
{
    public override int LongestUtf8(int bytes) => bytes * 4;

    public override int ToUtf8(ReadOnlySpan<byte> text, Span<byte> target)
    {
        var length = 0;
        foreach (var character in text)
        {
            var utf8 = characters[character];
            utf8.CopyTo(target[length..]);
            length += utf8.Length;
        }

        return length;
    }
}

/// <summary>The character sets of a server.</summary>
internal sealed class Charsets(MySqlSession control)
{
    private readonly ConcurrentDictionary<string, ByteCharset> _bytes = new(StringComparer.Ordinal);

    /// <summary>Sets of several bytes for each character are not read, but for Unicode's: the server's tables of them are its own.</summary>
    public static bool IsRead(string? charset) => charset is not ("big5" or "cp932" or "eucjpms" or "euckr" or "gb18030" or "gb2312" or "gbk" or "sjis" or "ujis");

    /// <returns>Null: UTF-8 already, or no text.</returns>
    public Charset? Find(string? charset) => charset switch
    {
        null or "utf8mb4" or "utf8mb3" or "utf8" or "ascii" or "binary" => null,
        "ucs2" or "utf16" => new UnicodeCharset(Encoding.BigEndianUnicode),
        "utf16le" => new UnicodeCharset(Encoding.Unicode),
        "utf32" => new UnicodeCharset(new UTF32Encoding(bigEndian: true, byteOrderMark: false)),
        _ => _bytes.GetOrAdd(charset, Ask),
    };

    private ByteCharset Ask(string charset)
    {
        var all = string.Join(", ", Enumerable.Range(0, 256).Select(b => string.Create(CultureInfo.InvariantCulture, $"HEX(CONVERT(_{charset} 0x{b:X2} USING utf8mb4))")));
        return new ByteCharset([.. control.Query($"SELECT {all}")[0].Select(h => h is null ? "?"u8.ToArray() : Convert.FromHexString(h))]);
    }
}
