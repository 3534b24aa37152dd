using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace LakePortal.Serving.Queries.Rows;

/// <summary>
/// Cells of Arrow batches as JSON, exactly: numbers keep all their digits (JSON numbers have no size), what JSON cannot hold is text: dates, times,
/// intervals and blobs as the engine's <c>CAST(… AS VARCHAR)</c> writes them, <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c> as JavaScript does. Lists are arrays, structs objects, maps
/// with text keys objects, other maps lists of <c>{"key", "value"}</c>.
/// </summary>
internal static class CellReader
{
    /// <summary>A function from row number to value, for one column of one batch.</summary>
    /// <param name="array">Column.</param>
    /// <param name="type">The engine's name of its type, when it says more than Arrow's; null inside nested types.</param>
    public static Func<int, JsonNode?> Of(IArrowArray array, string? type = null)
    {
        var read = ReaderOf(array, type);
        return row => array.IsNull(row) ? null : read(row);
    }

    private static Func<int, JsonNode?> ReaderOf(IArrowArray array, string? type) => array switch
    {
        NullArray => _ => null,
        BooleanArray a => row => JsonValue.Create(a.GetValue(row)!.Value),
        Int8Array a => row => JsonValue.Create(a.Values[row]),
        Int16Array a => row => JsonValue.Create(a.Values[row]),
        Int32Array a => row => JsonValue.Create(a.Values[row]),
        Int64Array a => row => JsonValue.Create(a.Values[row]),
        UInt8Array a => row => JsonValue.Create(a.Values[row]),
        UInt16Array a => row => JsonValue.Create(a.Values[row]),
        UInt32Array a => row => JsonValue.Create(a.Values[row]),
        UInt64Array a => row => JsonValue.Create(a.Values[row]),
        FloatArray a => row => Float(a.Values[row]),
        DoubleArray a => row => Double(a.Values[row]),
        Decimal128Array a => Decimal(a, type),
        StringArray a => row => JsonValue.Create(a.GetString(row)),
        LargeStringArray a => row => JsonValue.Create(a.GetString(row)),
        StringViewArray a => row => JsonValue.Create(a.GetString(row)),
        BinaryArray a when type == "BIT" => row => Bits(a.GetBytes(row)),
        BinaryArray a => row => Blob(a.GetBytes(row)),
        LargeBinaryArray a => row => Blob(a.GetBytes(row)),
        BinaryViewArray a => row => Blob(a.GetBytes(row)),
        Date32Array a => row => JsonValue.Create(TemporalText.Date(a.Values[row])),
        Time64Array a => Time(a),
        TimestampArray a => Timestamp(a),
        MonthDayNanosecondIntervalArray a => row => Interval(a.Values[row]),
        FixedSizeListArray a => FixedList(a),
        MapArray a => Map(a),
        ListArray a => List(a),
        LargeListArray a => LargeList(a),
        StructArray a => Struct(a),
        DictionaryArray a => Dictionary(a),
        _ => throw new NotSupportedException($"Results of the Arrow type {array.Data.DataType.Name} cannot be shown."),
    };

    private static JsonValue? Float(float value) => float.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(NonFinite(value));

    private static JsonValue? Double(double value) => double.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(NonFinite(value));

    private static string NonFinite(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";

    private static Func<int, JsonNode?> Decimal(Decimal128Array array, string? type)
    {
        // Wide integers travel as decimals without a scale; the unsigned ones use the sign bit for their value.
        if (type == "UHUGEINT")
        {
            return row => Number(new BigInteger(array.GetBytes(row), isUnsigned: true), 0);
        }

        var scale = ((Decimal128Type)array.Data.DataType).Scale;
        return row => Number(new BigInteger(array.GetBytes(row)), scale);
    }

    private static JsonNode? Number(BigInteger unscaled, int scale)
    {
        // 28 digits fit the type that JSON nodes hold natively; the rest is kept as the text of a number.
        if (scale <= 28 && BigInteger.Abs(unscaled) < NativeLimit)
        {
            var magnitude = BigInteger.Abs(unscaled);
            return JsonValue.Create(new decimal(
                (int)(uint)(magnitude & uint.MaxValue), (int)(uint)((magnitude >> 32) & uint.MaxValue), (int)(uint)((magnitude >> 64) & uint.MaxValue),
                unscaled.Sign < 0, (byte)scale));
        }

        var digits = BigInteger.Abs(unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        var text = scale == 0 ? digits : $"{digits[..^scale]}.{digits[^scale..]}";
        return JsonNode.Parse(unscaled.Sign < 0 ? $"-{text}" : text);
    }

    private static readonly BigInteger NativeLimit = BigInteger.One << 96;

    private static JsonValue Blob(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes)
        {
            if (b is >= 0x20 and < 0x7F and not ((byte)'\\' or (byte)'\'' or (byte)'"'))
            {
                text.Append((char)b);
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"\\x{b:X2}");
            }
        }

        return JsonValue.Create(text.ToString());
    }

    /// <summary>The engine's form of bit strings: the first byte tells how many leading bits of the second are padding.</summary>
    private static JsonValue Bits(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 8);
        for (var i = 1; i < bytes.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{bytes[i]:B8}");
        }

        return JsonValue.Create(text.ToString()[bytes[0]..]);
    }

    private static Func<int, JsonNode?> Time(Time64Array array) =>
        ((Time64Type)array.Data.DataType).Unit == TimeUnit.Nanosecond
            ? row => JsonValue.Create(TemporalText.Time(array.Values[row] / 1000, (int)(array.Values[row] % 1000)))
            : row => JsonValue.Create(TemporalText.Time(array.Values[row]));

    private static Func<int, JsonNode?> Timestamp(TimestampArray array)
    {
        var type = (TimestampType)array.Data.DataType;
        var hasZone = !string.IsNullOrEmpty(type.Timezone);
        return type.Unit switch
        {
            TimeUnit.Nanosecond => row =>
            {
                var value = array.Values[row];
                if (value is long.MaxValue or -long.MaxValue)
                {
                    return JsonValue.Create(TemporalText.Timestamp(value, 0, hasZone));
                }

                var micros = Math.DivRem(value, 1000, out var nanos);
                return JsonValue.Create(nanos < 0
                    ? TemporalText.Timestamp(micros - 1, (int)(nanos + 1000), hasZone)
                    : TemporalText.Timestamp(micros, (int)nanos, hasZone));
            },
            TimeUnit.Microsecond => row => JsonValue.Create(TemporalText.Timestamp(array.Values[row], 0, hasZone)),
            TimeUnit.Millisecond => row => JsonValue.Create(TemporalText.Timestamp(Scale(array.Values[row], 1000), 0, hasZone)),
            _ => row => JsonValue.Create(TemporalText.Timestamp(Scale(array.Values[row], 1_000_000), 0, hasZone)),
        };
    }

    private static long Scale(long value, long factor) => value is long.MaxValue or -long.MaxValue ? value : checked(value * factor);

    private static JsonValue Interval(Apache.Arrow.Scalars.MonthDayNanosecondInterval value) =>
        JsonValue.Create(TemporalText.Interval(value.Months, value.Days, value.Nanoseconds / 1000));

    private static Func<int, JsonNode?> List(ListArray array)
    {
        var item = Of(array.Values);
        return row => Items(item, array.ValueOffsets[row], array.ValueOffsets[row + 1]);
    }

    private static Func<int, JsonNode?> LargeList(LargeListArray array)
    {
        var item = Of(array.Values);
        return row => Items(item, (int)array.ValueOffsets[row], (int)array.ValueOffsets[row + 1]);
    }

    private static Func<int, JsonNode?> FixedList(FixedSizeListArray array)
    {
        var item = Of(array.Values);
        var size = ((FixedSizeListType)array.Data.DataType).ListSize;
        return row => Items(item, (array.Offset + row) * size, (array.Offset + row + 1) * size);
    }

    private static JsonArray Items(Func<int, JsonNode?> item, int from, int to)
    {
        var items = new JsonArray();
        for (var i = from; i < to; i++)
        {
            items.Add(item(i));
        }

        return items;
    }

    private static Func<int, JsonNode?> Map(MapArray array)
    {
        var key = Of(array.Keys);
        var value = Of(array.Values);
        var isText = array.Keys is StringArray or LargeStringArray or StringViewArray;
        return row =>
        {
            var (from, to) = (array.ValueOffsets[row], array.ValueOffsets[row + 1]);
            if (isText)
            {
                var map = new JsonObject();
                for (var i = from; i < to; i++)
                {
                    map[(string)key(i)!] = value(i);
                }

                return map;
            }

            var entries = new JsonArray();
            for (var i = from; i < to; i++)
            {
                entries.Add(new JsonObject { ["key"] = key(i), ["value"] = value(i) });
            }

            return entries;
        };
    }

    private static Func<int, JsonNode?> Struct(StructArray array)
    {
        var fields = ((StructType)array.Data.DataType).Fields.Select((f, i) => (f.Name, Read: Of(array.Fields[i]))).ToArray();
        return row =>
        {
            var result = new JsonObject();
            foreach (var (name, read) in fields)
            {
                result[name] = read(row);
            }

            return result;
        };
    }

    private static Func<int, JsonNode?> Dictionary(DictionaryArray array)
    {
        var value = Of(array.Dictionary);
        return array.Indices switch
        {
            UInt8Array i => row => value(i.Values[row]),
            UInt16Array i => row => value(i.Values[row]),
            UInt32Array i => row => value(checked((int)i.Values[row])),
            Int8Array i => row => value(i.Values[row]),
            Int16Array i => row => value(i.Values[row]),
            Int32Array i => row => value(i.Values[row]),
            _ => throw new NotSupportedException($"Dictionary indices of the Arrow type {array.Indices.Data.DataType.Name} cannot be shown."),
        };
    }
}
