using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>MySQL's binary JSON (<c>json_binary.h</c>) as the server prints it. MariaDB keeps JSON as text.</summary>
internal static class BinlogJson
{
    private const int SmallObject = 0, LargeObject = 1, SmallArray = 2, LargeArray = 3, Literal = 4, Int16 = 5, UInt16 = 6, Int32 = 7, UInt32 = 8, Int64 = 9, UInt64 = 10, Double = 11, String = 12, Opaque = 15;
    private const int DeepestNesting = 200;

    /// <param name="value">As it is logged; empty stands for null.</param>
    /// <param name="target">Takes UTF-8.</param>
    public static void Print(ReadOnlySpan<byte> value, IBufferWriter<byte> target)
    {
        if (value.Length == 0)
        {
            target.Write("null"u8);
            return;
        }

        Value(value[0], value[1..], target, 0);
    }

    private static void Value(int type, ReadOnlySpan<byte> value, IBufferWriter<byte> target, int depth)
    {
        switch (type)
        {
            case SmallObject or LargeObject or SmallArray or LargeArray:
                Container(value, type is LargeObject or LargeArray, type is SmallObject or LargeObject, target, depth < DeepestNesting ? depth + 1 : throw new FormatException("JSON is nested too deeply."));
                break;
            case Literal:
                target.Write(value[0] switch { 0 => "null"u8, 1 => "true"u8, 2 => "false"u8, _ => throw new FormatException($"JSON has the unknown literal {value[0]}.") });
                break;
            case Int16:
                Text(BinaryPrimitives.ReadInt16LittleEndian(value).ToString(CultureInfo.InvariantCulture), target);
                break;
            case UInt16:
                Text(BinaryPrimitives.ReadUInt16LittleEndian(value).ToString(CultureInfo.InvariantCulture), target);
                break;
            case Int32:
                Text(BinaryPrimitives.ReadInt32LittleEndian(value).ToString(CultureInfo.InvariantCulture), target);
                break;
            case UInt32:
                Text(BinaryPrimitives.ReadUInt32LittleEndian(value).ToString(CultureInfo.InvariantCulture), target);
                break;
            case Int64:
                Text(BinaryPrimitives.ReadInt64LittleEndian(value).ToString(CultureInfo.InvariantCulture), target);
                break;
            case UInt64:
                Text(BinaryPrimitives.ReadUInt64LittleEndian(value).ToString(CultureInfo.InvariantCulture), target);
                break;
            case Double:
                var number = ServerNumbers.Print(BinaryPrimitives.ReadDoubleLittleEndian(value));
                Text(number.AsSpan().IndexOfAny('.', 'e') < 0 ? $"{number}.0" : number, target);
                break;
            case String:
                var length = Length(ref value);
                Quote(value[..length], target);
                break;
            case Opaque:
                var field = value[0];
                value = value[1..];
                var size = Length(ref value);
                Other(field, value[..size], target);
                break;
            default:
                throw new FormatException($"JSON has a value of the unknown type {type}.");
        }
    }

    /// <summary>A count, a size, places of keys and of values; small ones are where their place would be.</summary>
    private static void Container(ReadOnlySpan<byte> value, bool isLarge, bool isObject, IBufferWriter<byte> target, int depth)
    {
        var width = isLarge ? 4 : 2;
        var count = (int)BinlogBytes.Number(value, width);
        var keys = 2 * width;
        var values = keys + (isObject ? count * (width + 2) : 0);
        target.Write(isObject ? "{"u8 : "["u8);
        for (var i = 0; i < count; i++)
        {
            if (i > 0)
            {
                target.Write(", "u8);
            }

            if (isObject)
            {
                var key = value[(keys + (i * (width + 2)))..];
                Quote(value.Slice((int)BinlogBytes.Number(key, width), (int)BinlogBytes.Number(key[width..], 2)), target);
                target.Write(": "u8);
            }

            var entry = value[(values + (i * (width + 1)))..];
            var isInline = entry[0] is Literal or Int16 or UInt16 || (isLarge && entry[0] is Int32 or UInt32);
            Value(entry[0], isInline ? entry[1..] : value[(int)BinlogBytes.Number(entry[1..], width)..], target, depth);
        }

        target.Write(isObject ? "}"u8 : "]"u8);
    }

    /// <summary>Seven bits in each byte, the lowest first.</summary>
    private static int Length(ref ReadOnlySpan<byte> value)
    {
        var length = 0L;
        for (var i = 0; i < 5; i++)
        {
            length |= (long)(value[i] & 0x7F) << (7 * i);
            if (value[i] < 0x80)
            {
                value = value[(i + 1)..];
                return checked((int)length);
            }
        }

        throw new FormatException("JSON has a length that does not end.");
    }

    private static void Other(byte field, ReadOnlySpan<byte> value, IBufferWriter<byte> target)
    {
        switch (field)
        {
            case BinlogTypes.NewDecimal:
                var digits = value[2..];
                Text(BinlogDecimal.Read(ref digits, value[0], value[1]), target);
                break;
            case BinlogTypes.Date or BinlogTypes.DateTime or BinlogTypes.Timestamp or BinlogTypes.Time:
                Text($"\"{Moment(field, BinaryPrimitives.ReadInt64LittleEndian(value))}\"", target);
                break;
            default:
                Text(string.Create(CultureInfo.InvariantCulture, $"\"base64:type{field}:{Convert.ToBase64String(value)}\""), target);
                break;
        }
    }

    private static string Moment(byte field, long packed)
    {
        var (size, micros) = (Math.Abs(packed) >> 24, Math.Abs(packed) & 0xFFFFFF);
        var (days, time) = (size >> 17, size & 0x1FFFF);
        if (field == BinlogTypes.Time)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{(packed < 0 ? "-" : "")}{(size >> 12) & 0x3FF:D2}:{(size >> 6) & 63:D2}:{size & 63:D2}.{micros:D6}");
        }

        var months = days >> 5;
        var date = string.Create(CultureInfo.InvariantCulture, $"{months / 13:D4}-{months % 13:D2}-{days & 31:D2}");
        return field == BinlogTypes.Date ? date : string.Create(CultureInfo.InvariantCulture, $"{date} {time >> 12:D2}:{(time >> 6) & 63:D2}:{time & 63:D2}.{micros:D6}");
    }

    private static void Quote(ReadOnlySpan<byte> text, IBufferWriter<byte> target)
    {
        target.Write("\""u8);
        var from = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is >= 0x20 and not (byte)'"' and not (byte)'\\')
            {
                continue;
            }

            target.Write(text[from..i]);
            Text(text[i] switch
            {
                (byte)'"' => "\\\"",
                (byte)'\\' => "\\\\",
                8 => "\\b",
                9 => "\\t",
                10 => "\\n",
                12 => "\\f",
                13 => "\\r",
                var control => string.Create(CultureInfo.InvariantCulture, $"\\u{control:x4}"),
            }, target);
            from = i + 1;
        }

        target.Write(text[from..]);
        target.Write("\""u8);
    }

    private static void Text(string text, IBufferWriter<byte> target) => _ = Encoding.UTF8.GetBytes(text, target);
}
