using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LakePortal.Engine.Writing.Merging.Index;

/// <summary>Reads all rows of a data file into a sink; called once for each part of the index.</summary>
internal delegate void KeySource(KeyChunk take);

/// <summary>
/// Writes the index of a data file in as many passes over its keys as its size needs: memory is bounded by the rows of a pass, and nothing is sorted
/// but into buckets. Nothing is flushed: after a power cut the checksums tell.
/// </summary>
internal static class KeyIndexWriter
{
    public const long RowsPerPass = 8_000_000;

    public static void Write(string path, ulong identity, int width, long rows, long rowsPerPass, KeySource source)
    {
        var temporary = $"{path}.{Guid.CreateVersion7():N}.tmp";
        try
        {
            using (var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                Write(file, identity, width, rows, rowsPerPass, source);
            }

            // Readers see a whole file or none.
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void Write(SafeFileHandle file, ulong identity, int width, long rows, long rowsPerPass, KeySource source)
    {
        var bits = KeyIndexFile.BitsFor(rows);
        var buckets = 1L << bits;
        var passes = (int)Math.Clamp((rows + rowsPerPass - 1) / rowsPerPass, 1, buckets);
        var directory = new uint[buckets * 2];
        var offset = KeyIndexFile.HeaderBytes + (buckets * 2 * sizeof(uint));
        var (written, min, max) = (0L, ulong.MaxValue, ulong.MinValue);
        for (var pass = 0; pass < passes; pass++)
        {
            var (from, to) = (buckets * pass / passes, buckets * (pass + 1) / passes);
            var part = new Part(bits, from, to, (int)(rows / passes) + 1);
            source(part.Add);
            offset = part.Write(file, offset, width, directory, ref written);
            (min, max) = (Math.Min(min, part.Min), Math.Max(max, part.Max));
        }

        var entries = MemoryMarshal.AsBytes(directory.AsSpan());
        RandomAccess.Write(file, entries, KeyIndexFile.HeaderBytes);
        Span<byte> header = stackalloc byte[KeyIndexFile.HeaderBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(header, KeyIndexFile.Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], identity);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], written);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], width);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], bits);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], min);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], max);
        BinaryPrimitives.WriteUInt32LittleEndian(header[48..], KeyIndexFile.Checksum(entries));
        BinaryPrimitives.WriteUInt32LittleEndian(header[^4..], KeyIndexFile.Checksum(header[..^4]));
        RandomAccess.Write(file, header, 0);
    }

    /// <summary>The rows of a range of buckets.</summary>
    private sealed class Part(int bits, long from, long to, int expected)
    {
        private readonly int[] _counts = new int[to - from];
        private KeyCode[] _codes = new KeyCode[expected];
        private uint[] _positions = new uint[expected];
        private int _rows;

        public ulong Min { get; private set; } = ulong.MaxValue;

        public ulong Max { get; private set; }

        public void Add(ReadOnlySpan<KeyCode> codes, ReadOnlySpan<long> positions)
        {
            for (var i = 0; i < codes.Length; i++)
            {
                var bucket = KeyIndexFile.BucketOf(codes[i].Place, bits);
                if (bucket < from || bucket >= to)
                {
                    continue;
                }

                if (_rows == _codes.Length)
                {
                    var larger = Math.Max(1024, _rows + (_rows / 4));
                    Array.Resize(ref _codes, larger);
                    Array.Resize(ref _positions, larger);
                }

                _counts[bucket - from]++;
                _codes[_rows] = codes[i];
                _positions[_rows++] = checked((uint)positions[i]);
                Min = Math.Min(Min, codes[i].Low);
                Max = Math.Max(Max, codes[i].Low);
            }
        }

        public long Write(SafeFileHandle file, long offset, int width, uint[] directory, ref long written)
        {
            var entry = width + KeyIndexFile.PositionBytes;
            var next = new int[_counts.Length];
            for (var (i, at) = (0, 0); i < next.Length; i++)
            {
                next[i] = at;
                at += _counts[i];
            }

            var order = new int[_rows];
            for (var row = 0; row < _rows; row++)
            {
                order[next[KeyIndexFile.BucketOf(_codes[row].Place, bits) - from]++] = row;
            }

            var buffer = new byte[Math.Max(1 << 20, (_counts.Length == 0 ? 0 : _counts.Max()) * entry)];
            var (used, done) = (0, 0);
            for (var i = 0; i < _counts.Length; i++)
            {
                var length = _counts[i] * entry;
                if (used + length > buffer.Length)
                {
                    RandomAccess.Write(file, buffer.AsSpan(0, used), offset);
                    offset += used;
                    used = 0;
                }

                var bytes = buffer.AsSpan(used, length);
                for (var at = 0; at < length; at += entry)
                {
                    var row = order[done++];
                    MemoryMarshal.Write(bytes[at..], _codes[row].Low);
                    if (width > sizeof(ulong))
                    {
                        MemoryMarshal.Write(bytes[(at + sizeof(ulong))..], _codes[row].High);
                    }

                    MemoryMarshal.Write(bytes[(at + width)..], _positions[row]);
                }

                directory[(from + i) * 2] = checked((uint)written);
                directory[((from + i) * 2) + 1] = KeyIndexFile.Checksum(bytes);
                written += _counts[i];
                used += length;
            }

            RandomAccess.Write(file, buffer.AsSpan(0, used), offset);
            return offset + used;
        }
    }
}
