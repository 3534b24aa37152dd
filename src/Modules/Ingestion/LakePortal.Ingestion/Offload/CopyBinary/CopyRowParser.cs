using System.Buffers.Binary;
using LakePortal.Engine.Native;

namespace LakePortal.Ingestion.Offload.CopyBinary;

/// <summary>
/// Parses the stream of <c>COPY … TO STDOUT (FORMAT binary)</c> into data chunks. Pushed bytes as they come: a row that is not complete yet is
/// left for the next call, so the caller's buffer decides about memory. Format: documentation of COPY, "Binary Format".
/// </summary>
internal sealed class CopyRowParser(IReadOnlyList<ColumnDecoder> decoders)
{
    private const int HeaderBytes = 19;

    private readonly ColumnDecoder[] _decoders = [.. decoders];
    private bool _headerRead;

    private static ReadOnlySpan<byte> SignatureBytes => [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00];

    /// <summary>The trailer was read: there are no more rows.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>
    /// Parses complete rows into the chunk from row <paramref name="row"/> on, until the bytes or the chunk's rows end, or about <paramref name="limit"/>
    /// bytes were taken.
    /// </summary>
    /// <returns>Bytes taken; the rest must be passed again, with more behind it.</returns>
    public int Parse(ReadOnlySpan<byte> bytes, DataChunkBuilder chunk, ref int row, int limit = int.MaxValue)
    {
        var taken = 0;
        if (!_headerRead)
        {
            taken = ReadHeader(bytes);
            if (taken == 0)
            {
                return 0;
            }
        }

        while (row < DataChunkBuilder.Capacity && taken < limit && !IsComplete)
        {
            var used = ParseRow(bytes[taken..], chunk, row);
            if (used == 0)
            {
                break;
            }

            taken += used;
            if (!IsComplete)
            {
                row++;
            }
        }

        if (IsComplete && taken != bytes.Length)
        {
            throw new SourceProtocolException($"{bytes.Length - taken} bytes follow the end of a COPY stream.");
        }

        return taken;
    }

    /// <returns>0: the row is not complete.</returns>
    private int ParseRow(ReadOnlySpan<byte> bytes, DataChunkBuilder chunk, int row)
    {
        if (bytes.Length < 2)
        {
            return 0;
        }

        int fields = BinaryPrimitives.ReadInt16BigEndian(bytes);
        if (fields != _decoders.Length)
        {
            if (fields != -1)
            {
                throw new SourceProtocolException($"A COPY row has {fields} fields instead of {_decoders.Length}.");
            }

            IsComplete = true;
            return 2;
        }

        var position = 2;
        for (var i = 0; i < _decoders.Length; i++)
        {
            if (bytes.Length - position < 4)
            {
                return 0;
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(bytes[position..]);
            position += 4;
            if (length < 0)
            {
                if (length != -1)
                {
                    throw new SourceProtocolException($"A COPY field claims {length} bytes.");
                }

                chunk[i].WriteNull(row);
                continue;
            }

            if (bytes.Length - position < length)
            {
                // Decoding this row starts over with the rest of its bytes: the same values go to the same places.
                return 0;
            }

            Decode(i, chunk, row, bytes.Slice(position, length));
            position += length;
        }

        return position;
    }

    private void Decode(int column, DataChunkBuilder chunk, int row, ReadOnlySpan<byte> value)
    {
        try
        {
            _decoders[column].Decode(chunk[column], row, value);
        }
        catch (ColumnNeedsTextException e) when (e.Column < 0)
        {
            throw new ColumnNeedsTextException(e.Reason) { Column = column };
        }
        catch (ValueNotRepresentableException e)
        {
            throw new ColumnNeedsTextException($"it holds a value that {e.ColumnType} cannot: {e.Reason}") { Column = column };
        }
    }

    private int ReadHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes)
        {
            return 0;
        }

        if (!bytes[..11].SequenceEqual(SignatureBytes))
        {
            throw new SourceProtocolException("The stream does not start with the signature of binary COPY.");
        }

        var flags = BinaryPrimitives.ReadInt32BigEndian(bytes[11..]);
        var extension = BinaryPrimitives.ReadInt32BigEndian(bytes[15..]);
        if ((flags & 0xFFFF0000) != 0 || extension < 0)
        {
            throw new SourceProtocolException($"The COPY stream has critical flags {flags:X8} that are not known.");
        }

        if (bytes.Length - HeaderBytes < extension)
        {
            return 0;
        }

        _headerRead = true;
        return HeaderBytes + extension;
    }
}
