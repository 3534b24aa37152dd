using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LakePortal.Engine.Writing.Merging.Index;

/// <summary>The bytes of an index file are not what was written.</summary>
internal sealed class KeyIndexDamagedException(string path, string reason) : IOException($"The key index '{path}' is damaged: {reason}.");

/// <summary>
/// The positions of the keys of one data file: header, a directory of buckets (first row, checksum), and in each bucket codes and positions. Codes spread evenly, so
/// a bucket is found by arithmetic and read by one small read; its checksum is checked each time, so that neither a torn write nor a bad disk can point at a wrong row.
/// </summary>
internal sealed class KeyIndexFile
{
    public const int HeaderBytes = 64;
    public const int RowsPerBucket = 96;
    public const int PositionBytes = sizeof(uint);

    // Each commit of changes adds a small data file: their indexes together fit into memory, while as many open files would not be allowed.
    private const int MostBytesInMemory = 128 * 1024;

    internal const ulong Magic = 0x3159454B4C50414C;

    private readonly string _path;
    private readonly SafeFileHandle? _file;
    private readonly byte[] _content;
    private readonly uint[] _directory;
    private readonly long _rows;
    private readonly int _width;
    private readonly int _bits;
    private readonly ulong _min;
    private readonly ulong _max;

    private KeyIndexFile(string path, SafeFileHandle? file, byte[] content, ReadOnlySpan<byte> header, uint[] directory)
    {
        _path = path;
        _file = file;
        _content = content;
        _directory = directory;
        _rows = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
        _width = BinaryPrimitives.ReadInt32LittleEndian(header[24..]);
        _bits = BinaryPrimitives.ReadInt32LittleEndian(header[28..]);
        _min = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        _max = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
    }

    /// <summary>Memory that an open index holds.</summary>
    public long Weight => ((long)_directory.Length * sizeof(uint)) + _content.Length + 1024;

    /// <summary>It keeps its file open.</summary>
    public bool HoldsFile => _file is not null;

    public static int BitsFor(long rows)
    {
        var bits = 0;
        while (rows >> bits > RowsPerBucket)
        {
            bits++;
        }

        return bits;
    }

    public static long BucketOf(ulong place, int bits) => bits == 0 ? 0 : (long)(place >> (64 - bits));

    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (var one in bytes[(bytes.Length & ~7)..])
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }

    /// <returns>Null: there is none.</returns>
    /// <exception cref="KeyIndexDamagedException">It is of no use.</exception>
    public static KeyIndexFile? Open(string path, ulong identity, int width)
    {
        SafeFileHandle file;
        try
        {
            file = File.OpenHandle(path, options: FileOptions.RandomAccess);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        try
        {
            Span<byte> header = stackalloc byte[HeaderBytes];
            Fill(path, file, header, 0);
            if (BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic
                || BinaryPrimitives.ReadUInt32LittleEndian(header[^4..]) != Checksum(header[..^4])
                || BinaryPrimitives.ReadUInt64LittleEndian(header[8..]) != identity
                || BinaryPrimitives.ReadInt32LittleEndian(header[24..]) != width)
            {
                throw new KeyIndexDamagedException(path, "its header is wrong");
            }

            var rows = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
            var buckets = 1L << BinaryPrimitives.ReadInt32LittleEndian(header[28..]);
            if (RandomAccess.GetLength(file) != HeaderBytes + (buckets * 2 * sizeof(uint)) + (rows * (width + PositionBytes)))
            {
                throw new KeyIndexDamagedException(path, "its length is wrong");
            }

            var directory = new uint[buckets * 2];
            Fill(path, file, MemoryMarshal.AsBytes(directory.AsSpan()), HeaderBytes);
            if (Checksum(MemoryMarshal.AsBytes(directory.AsSpan())) != BinaryPrimitives.ReadUInt32LittleEndian(header[48..]))
            {
                throw new KeyIndexDamagedException(path, "its directory is wrong");
            }

            var bytes = rows * (width + PositionBytes);
            if (bytes > MostBytesInMemory)
            {
                return new KeyIndexFile(path, file, [], header, directory);
            }

            var content = new byte[bytes];
            Fill(path, file, content, HeaderBytes + (buckets * 2 * sizeof(uint)));
            file.Dispose();
            return new KeyIndexFile(path, null, content, header, directory);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Adds the positions of rows with one of the codes.</summary>
    /// <param name="codes">Ordered by <see cref="KeyCode.Place"/>.</param>
    /// <param name="found">Gets them.</param>
    /// <exception cref="KeyIndexDamagedException">A bucket is not what was written.</exception>
    public void Find(ReadOnlySpan<KeyCode> codes, List<long> found)
    {
        var entry = _width + PositionBytes;
        var buffer = Array.Empty<byte>();
        var loaded = ReadOnlySpan<byte>.Empty;
        var bucket = -1L;
        foreach (var code in codes)
        {
            if (code.Low < _min || code.Low > _max)
            {
                continue;
            }

            var wanted = BucketOf(code.Place, _bits);
            if (wanted != bucket)
            {
                loaded = Load(wanted, entry, ref buffer).Span;
                bucket = wanted;
            }

            for (var at = 0; at < loaded.Length; at += entry)
            {
                var row = loaded.Slice(at, entry);
                if (MemoryMarshal.Read<ulong>(row) == code.Low && (_width == sizeof(ulong) || MemoryMarshal.Read<ulong>(row[sizeof(ulong)..]) == code.High))
                {
                    found.Add(MemoryMarshal.Read<uint>(row[_width..]));
                }
            }
        }
    }

    private ReadOnlyMemory<byte> Load(long bucket, int entry, ref byte[] buffer)
    {
        long first = _directory[bucket * 2];
        var end = (bucket + 1) * 2 < _directory.Length ? _directory[(bucket + 1) * 2] : _rows;
        var length = checked((int)((end - first) * entry));
        ReadOnlyMemory<byte> bytes;
        if (_file is null)
        {
            bytes = _content.AsMemory((int)(first * entry), length);
        }
        else
        {
            if (buffer.Length < length)
            {
                buffer = new byte[length * 2];
            }

            Fill(_path, _file, buffer.AsSpan(0, length), HeaderBytes + ((long)_directory.Length * sizeof(uint)) + (first * entry));
            bytes = buffer.AsMemory(0, length);
        }

        return Checksum(bytes.Span) == _directory[(bucket * 2) + 1] ? bytes : throw new KeyIndexDamagedException(_path, $"bucket {bucket} is wrong");
    }

    private static void Fill(string path, SafeFileHandle file, Span<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(file, bytes, offset);
            if (read == 0)
            {
                throw new KeyIndexDamagedException(path, "it ends too early");
            }

            bytes = bytes[read..];
            offset += read;
        }
    }
}
