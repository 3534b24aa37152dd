using LakePortal.Engine.Native;
using LakePortal.Ingestion.Offload.CopyBinary;

namespace LakePortal.Ingestion.Offload.Reading;

/// <summary>
/// Drives bytes from a COPY stream through the parser into data chunks, on the calling thread. The buffer holds one read and grows only for rows
/// that are larger.
/// </summary>
internal sealed class CopyPump
{
    private const int BufferBytes = 1 << 20;

    // A chunk of long texts is appended before it holds 2,048 of them.
    private const int ChunkBytes = 16 << 20;

    private byte[] _buffer = new byte[BufferBytes];

    /// <param name="read">Fills a span and says how much; 0 is the end.</param>
    /// <param name="decoders">One per column.</param>
    /// <param name="chunk">The chunk to fill next.</param>
    /// <param name="filled">The chunk holds this many rows, from this many bytes; it is empty again when this returns.</param>
    /// <param name="cancellationToken">Checked between reads.</param>
    public void Run(StreamRead read, IReadOnlyList<ColumnDecoder> decoders, Func<DataChunkBuilder> chunk, Action<int, int> filled, CancellationToken cancellationToken)
    {
        var parser = new CopyRowParser(decoders);
        var (start, end) = (0, 0);
        var row = 0;
        var bytes = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (start, end) = MakeRoom(start, end);
            var got = Fill(read, end);
            if (got == 0)
            {
                break;
            }

            end += got;
            while (true)
            {
                var taken = parser.Parse(_buffer.AsSpan(start, end - start), chunk(), ref row, ChunkBytes - bytes);
                start += taken;
                bytes += taken;
                if (row == DataChunkBuilder.Capacity || bytes >= ChunkBytes)
                {
                    filled(row, bytes);
                    (row, bytes) = (0, 0);
                    continue;
                }

                break;
            }
        }

        if (!parser.IsComplete || start != end)
        {
            throw new SourceProtocolException("The COPY stream ended before its trailer.");
        }

        if (row > 0)
        {
            filled(row, bytes);
        }

        if (_buffer.Length > BufferBytes * 4)
        {
            _buffer = new byte[BufferBytes];
        }
    }

    /// <summary>Reads until a good part of the buffer is full: a stream may give as little as one row per call.</summary>
    private int Fill(StreamRead read, int end)
    {
        var got = 0;
        while (end + got < _buffer.Length)
        {
            var n = read(_buffer.AsSpan(end + got));
            got += n;
            if (n == 0 || got >= BufferBytes / 4)
            {
                break;
            }
        }

        return got;
    }

    private (int Start, int End) MakeRoom(int start, int end)
    {
        if (start == end)
        {
            return (0, 0);
        }

        if (_buffer.Length - end >= BufferBytes / 4)
        {
            return (start, end);
        }

        var rest = end - start;
        var target = _buffer;
        if (rest > _buffer.Length / 2)
        {
            target = new byte[(int)Math.Min(Array.MaxLength, _buffer.Length * 2L)];
            if (target.Length == _buffer.Length)
            {
                throw new SourceProtocolException("A row is larger than 2 GB.");
            }
        }

        Buffer.BlockCopy(_buffer, start, target, 0, rest);
        _buffer = target;
        return (0, rest);
    }
}

internal delegate int StreamRead(Span<byte> target);
