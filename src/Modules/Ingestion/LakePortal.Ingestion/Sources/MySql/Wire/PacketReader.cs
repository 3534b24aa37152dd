using System.Buffers.Binary;
using System.Text;

namespace LakePortal.Ingestion.Sources.MySql.Wire;

/// <summary>Cuts a stream of bytes into the protocol's packets: a length of three bytes, a sequence number, a payload; the longest are followed by their rest.</summary>
internal sealed class PacketReader(Stream stream)
{
    private const int Longest = 0xFFFFFF;
    private const int BufferBytes = 512 * 1024;

    private byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;

    /// <summary>Number that the next packet of ours has.</summary>
    public byte Sequence { get; set; }

    /// <summary>The next packet's payload; valid until the next call.</summary>
    public ReadOnlySpan<byte> Read()
    {
        Need(4);
        var length = Header();
        if (length < Longest)
        {
            Need(length);
            var payload = _buffer.AsSpan(_start, length);
            _start += length;
            return payload;
        }

        return ReadLong(length);
    }

    /// <summary>An error packet as an exception.</summary>
    public static MySqlServerException Error(ReadOnlySpan<byte> packet)
    {
        var number = packet.Length >= 3 ? BinaryPrimitives.ReadUInt16LittleEndian(packet[1..]) : 0;
        var text = packet.Length > 3 ? packet[3..] : default;
        var hasState = text.Length >= 6 && text[0] == (byte)'#';
        return new MySqlServerException(number, hasState ? Encoding.ASCII.GetString(text[1..6]) : "HY000", Encoding.UTF8.GetString(hasState ? text[6..] : text));
    }

    /// <summary>A number of variable length.</summary>
    /// <returns>False: it stands for null.</returns>
    public static bool Number(ref ReadOnlySpan<byte> rest, out long value)
    {
        var first = rest[0];
        var length = first switch { < 0xFC => 0, 0xFC => 2, 0xFD => 3, 0xFE => 8, _ => throw new SourceProtocolException("A packet has a length that begins with 255.") };
        value = first switch
        {
            < 0xFB => first,
            0xFB => 0,
            0xFC => BinaryPrimitives.ReadUInt16LittleEndian(rest[1..]),
            0xFD => rest[1] | (rest[2] << 8) | (rest[3] << 16),
            _ => checked((long)BinaryPrimitives.ReadUInt64LittleEndian(rest[1..])),
        };
        rest = rest[(1 + length)..];
        return first != 0xFB;
    }

    /// <summary>Bytes with their length in front.</summary>
    /// <returns>False: null.</returns>
    public static bool Bytes(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        if (!Number(ref rest, out var length))
        {
            value = default;
            return false;
        }

        value = rest[..checked((int)length)];
        rest = rest[(int)length..];
        return true;
    }

    private int Header()
    {
        var length = _buffer[_start] | (_buffer[_start + 1] << 8) | (_buffer[_start + 2] << 16);
        Sequence = (byte)(_buffer[_start + 3] + 1);
        _start += 4;
        return length;
    }

    /// <summary>Parts of a packet are put together in the buffer.</summary>
    private ReadOnlySpan<byte> ReadLong(int part)
    {
        var whole = new MemoryStream();
        while (true)
        {
            Need(part);
            whole.Write(_buffer, _start, part);
            _start += part;
            if (part < Longest)
            {
                break;
            }

            Need(4);
            part = Header();
        }

        return whole.GetBuffer().AsSpan(0, (int)whole.Length);
    }

    private void Need(int bytes)
    {
        if (_end - _start >= bytes)
        {
            return;
        }

        if (_start > 0 && (_start == _end || _buffer.Length - _start < bytes))
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            (_start, _end) = (0, _end - _start);
        }

        if (_buffer.Length - _start < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(bytes, Math.Min(_buffer.Length * 2, Longest + BufferBytes)));
        }

        while (_end - _start < bytes)
        {
            var got = stream.Read(_buffer, _end, _buffer.Length - _end);
            _end += got > 0 ? got : throw new IOException("The server closed the connection.", new EndOfStreamException());
        }
    }
}
