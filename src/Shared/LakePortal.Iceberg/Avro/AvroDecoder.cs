using System.Buffers.Binary;
using System.Text;

namespace LakePortal.Iceberg.Avro;

/// <summary>Reads Avro's binary encoding. Every length is checked against what is left, so damaged files end in an error and not in a huge allocation.</summary>
internal ref struct AvroDecoder(ReadOnlySpan<byte> data)
{
    private const int MaxDepth = 64;
    private ReadOnlySpan<byte> _rest = data;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public object? Read(AvroSchema schema) => Read(schema, 0);

    public long ReadLong()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var b = ReadByte();
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }

        throw Damaged("a number is too long");
    }

    public int ReadInt()
    {
        var value = ReadLong();
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Damaged("a number does not fit 32 bits");
    }

    public ReadOnlySpan<byte> ReadFixed(long length)
    {
        if (length < 0 || length > _rest.Length)
        {
            throw Damaged("it ends too early");
        }

        var result = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return result;
    }

    public string ReadString() => Encoding.UTF8.GetString(ReadFixed(ReadLong()));

    private byte ReadByte() => ReadFixed(1)[0];

    private object? Read(AvroSchema schema, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Damaged("it is nested too deeply");
        }

        switch (schema)
        {
            case AvroPrimitive primitive:
                return ReadPrimitive(primitive.Kind);
            case AvroUnion union:
                var branch = ReadLong();
                return branch >= 0 && branch < union.Branches.Count ? Read(union.Branches[(int)branch], depth + 1) : throw Damaged("a union has no such branch");
            case AvroRecordSchema record:
                var values = new object?[record.Fields.Count];
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = Read(record.Fields[i].Schema, depth + 1);
                }

                return new AvroRecord(record, values);
            case AvroArray array:
                return array.IntMapValue switch
                {
                    AvroPrimitiveKind.Long => ReadLongMap(),
                    AvroPrimitiveKind.Bytes => ReadBytesMap(),
                    _ => ReadArray(array.Items, depth),
                };
            case AvroMap map:
                return ReadMap(map.Values, depth);
            case AvroFixed @fixed:
                return ReadFixed(@fixed.Size).ToArray();
            case AvroEnum @enum:
                var symbol = ReadLong();
                return symbol >= 0 && symbol < @enum.Symbols.Count ? @enum.Symbols[(int)symbol] : throw Damaged("an enum has no such symbol");
            default:
                throw Damaged($"its schema has the unknown kind {schema.GetType().Name}");
        }
    }

    private object? ReadPrimitive(AvroPrimitiveKind kind) => kind switch
    {
        AvroPrimitiveKind.Null => null,
        AvroPrimitiveKind.Boolean => ReadByte() != 0,
        AvroPrimitiveKind.Int => ReadInt(),
        AvroPrimitiveKind.Long => ReadLong(),
        AvroPrimitiveKind.Float => BinaryPrimitives.ReadSingleLittleEndian(ReadFixed(4)),
        AvroPrimitiveKind.Double => BinaryPrimitives.ReadDoubleLittleEndian(ReadFixed(8)),
        AvroPrimitiveKind.Bytes => ReadFixed(ReadLong()).ToArray(),
        _ => ReadString(),
    };

    private List<object?> ReadArray(AvroSchema items, int depth)
    {
        var list = new List<object?>();
        for (var count = ReadBlockCount(); count != 0; count = ReadBlockCount())
        {
            // An item of zero bytes (null) would let a few bytes claim any number of items.
            if (count > _rest.Length)
            {
                throw Damaged("an array claims more items than there are bytes");
            }

            for (var i = 0L; i < count; i++)
            {
                list.Add(Read(items, depth + 1));
            }
        }

        return list;
    }

    private Dictionary<int, long> ReadLongMap()
    {
        var map = new Dictionary<int, long>();
        for (var count = ReadBlockCount(); count != 0; count = ReadBlockCount())
        {
            for (var i = 0L; i < count; i++)
            {
                var key = ReadInt();
                map[key] = ReadLong();
            }
        }

        return map;
    }

    private Dictionary<int, byte[]> ReadBytesMap()
    {
        var map = new Dictionary<int, byte[]>();
        for (var count = ReadBlockCount(); count != 0; count = ReadBlockCount())
        {
            for (var i = 0L; i < count; i++)
            {
                var key = ReadInt();
                map[key] = ReadFixed(ReadLong()).ToArray();
            }
        }

        return map;
    }

    private Dictionary<string, object?> ReadMap(AvroSchema values, int depth)
    {
        var map = new Dictionary<string, object?>(StringComparer.Ordinal);
        for (var count = ReadBlockCount(); count != 0; count = ReadBlockCount())
        {
            for (var i = 0L; i < count; i++)
            {
                var key = ReadString();
                map[key] = Read(values, depth + 1);
            }
        }

        return map;
    }

    private long ReadBlockCount()
    {
        var count = ReadLong();
        if (count >= 0)
        {
            return count;
        }

        ReadLong();
        return count == long.MinValue ? throw Damaged("a block has a wrong count") : -count;
    }

    private static InvalidMetadataException Damaged(string reason) => new("Avro file", reason);
}
