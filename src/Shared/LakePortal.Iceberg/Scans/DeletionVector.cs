using System.Buffers.Binary;

namespace LakePortal.Iceberg.Scans;

/// <summary>
/// Reads deletion vectors: the Puffin blob <c>deletion-vector-v1</c>, a 64-bit Roaring bitmap in its portable format between a length, a magic
/// number and a checksum.
/// </summary>
public static class DeletionVector
{
    private const uint CookieWithoutRuns = 12346;
    private const uint CookieWithRuns = 12347;
    private const int NoOffsetThreshold = 4;

    private static ReadOnlySpan<byte> Magic => [0xD1, 0xD3, 0x39, 0x64];

    /// <param name="blob">The blob as <c>content_offset</c> and <c>content_size_in_bytes</c> give it.</param>
    /// <returns>The deleted positions, ascending.</returns>
    /// <exception cref="InvalidMetadataException">The blob is damaged.</exception>
    public static IReadOnlyList<long> Decode(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < 20 || BinaryPrimitives.ReadUInt32BigEndian(blob) != (uint)(blob.Length - 8))
        {
            throw Damaged("its length is wrong");
        }

        var body = blob[4..^4];
        if (!body.StartsWith(Magic))
        {
            throw Damaged("its magic number is wrong");
        }

        if (Crc32(body) != BinaryPrimitives.ReadUInt32BigEndian(blob[^4..]))
        {
            throw Damaged("its checksum is wrong");
        }

        var reader = new Cursor(body[4..]);
        var count = reader.UInt64();
        var positions = new List<long>();
        var previous = -1L;
        for (ulong i = 0; i < count; i++)
        {
            var key = reader.UInt32();
            if (key <= previous || key > int.MaxValue)
            {
                throw Damaged("its keys are out of order");
            }

            previous = key;
            ReadBitmap(ref reader, (long)key << 32, positions);
        }

        return positions;
    }

    private static void ReadBitmap(ref Cursor reader, long high, List<long> positions)
    {
        var cookie = reader.UInt32();
        int containers;
        ReadOnlySpan<byte> runs = [];
        if ((cookie & 0xffff) == CookieWithRuns)
        {
            containers = (int)(cookie >> 16) + 1;
            runs = reader.Bytes((containers + 7) / 8);
        }
        else if (cookie == CookieWithoutRuns && reader.UInt32() is <= 65536 and var n)
        {
            containers = (int)n;
        }
        else
        {
            throw Damaged("a bitmap does not start as one");
        }

        var header = reader.Bytes(containers * 4);
        if (runs.IsEmpty || containers >= NoOffsetThreshold)
        {
            reader.Bytes(containers * 4);
        }

        for (var i = 0; i < containers; i++)
        {
            var at = high + ((long)BinaryPrimitives.ReadUInt16LittleEndian(header[(i * 4)..]) << 16);
            var cardinality = BinaryPrimitives.ReadUInt16LittleEndian(header[((i * 4) + 2)..]) + 1;
            if (!runs.IsEmpty && (runs[i / 8] & (1 << (i % 8))) != 0)
            {
                ReadRuns(ref reader, at, positions);
            }
            else if (cardinality <= 4096)
            {
                for (var k = 0; k < cardinality; k++)
                {
                    positions.Add(at + reader.UInt16());
                }
            }
            else
            {
                ReadBits(ref reader, at, positions);
            }
        }
    }

    private static void ReadRuns(ref Cursor reader, long at, List<long> positions)
    {
        var runs = reader.UInt16();
        for (var r = 0; r < runs; r++)
        {
            var start = reader.UInt16();
            var length = reader.UInt16();
            if (start + length > ushort.MaxValue)
            {
                throw Damaged("a run leaves its container");
            }

            for (var k = 0; k <= length; k++)
            {
                positions.Add(at + start + k);
            }
        }
    }

    private static void ReadBits(ref Cursor reader, long at, List<long> positions)
    {
        for (var word = 0; word < 1024; word++)
        {
            for (var bits = reader.UInt64(); bits != 0; bits &= bits - 1)
            {
                positions.Add(at + (word * 64) + System.Numerics.BitOperations.TrailingZeroCount(bits));
            }
        }
    }

    // CRC-32 as in zlib; .NET has it only in a further package.
    internal static uint Crc32(ReadOnlySpan<byte> data)
    {
        var crc = 0xffffffffu;
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xedb88320u & (uint)-(int)(crc & 1));
            }
        }

        return ~crc;
    }

    private static InvalidMetadataException Damaged(string reason) => new("deletion vector", reason);

    private ref struct Cursor(ReadOnlySpan<byte> data)
    {
        private ReadOnlySpan<byte> _rest = data;

        public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

        public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

        public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

        public ReadOnlySpan<byte> Bytes(int count)
        {
            if (count > _rest.Length)
            {
                throw Damaged("it ends too early");
            }

            var result = _rest[..count];
            _rest = _rest[count..];
            return result;
        }
    }
}
