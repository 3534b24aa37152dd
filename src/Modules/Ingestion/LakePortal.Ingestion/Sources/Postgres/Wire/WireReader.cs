using System.Buffers.Binary;
using System.Text;
using Npgsql;

namespace LakePortal.Ingestion.Sources.Postgres.Wire;

/// <summary>Cuts a stream of bytes into the server's messages: a type byte, a length that counts itself, a body.</summary>
internal sealed class WireReader(Stream stream)
{
    public const byte AuthenticationRequest = (byte)'R';
    public const byte ErrorResponse = (byte)'E';
    public const byte ReadyForQuery = (byte)'Z';
    public const byte BackendKeyData = (byte)'K';
    public const byte CopyOutResponse = (byte)'H';
    public const byte CopyBothResponse = (byte)'W';
    public const byte CopyData = (byte)'d';

    // Beyond this, what is not row data is no message of PostgreSQL's.
    private const int LargestMessage = 16 << 20;

    private readonly byte[] _buffer = new byte[512 * 1024];
    private byte[] _large = [];
    private int _start;
    private int _end;
    private int _rest;

    /// <summary>Reads the next message into memory. Not to be called inside a message of row data.</summary>
    public (byte Type, byte[] Body) ReadMessage()
    {
        var (type, length) = ReadHeader();
        if (length > LargestMessage)
        {
            throw new SourceProtocolException($"The server sent a message '{(char)type}' of {length} bytes.");
        }

        var body = new byte[length];
        var taken = Math.Min(length, _end - _start);
        _buffer.AsSpan(_start, taken).CopyTo(body);
        _start += taken;
        if (taken < length)
        {
            stream.ReadExactly(body.AsSpan(taken));
        }

        return (type, body);
    }

    /// <summary>
    /// Fills the span with the contents of the following CopyData messages, as far as they are there already; waits only for the first byte.
    /// </summary>
    /// <returns>0: a message of another kind is next.</returns>
    public int ReadCopyData(Span<byte> target)
    {
        var filled = 0;
        while (filled < target.Length)
        {
            if (_rest == 0)
            {
                if (filled > 0 && _end - _start < 5)
                {
                    break;
                }

                Need(5);
                if (_buffer[_start] != CopyData)
                {
                    break;
                }

                _rest = Length(_buffer.AsSpan(_start + 1));
                _start += 5;
                continue;
            }

            if (_start == _end)
            {
                if (filled > 0)
                {
                    break;
                }

                Receive();
            }

            var take = Math.Min(Math.Min(_rest, _end - _start), target.Length - filled);
            _buffer.AsSpan(_start, take).CopyTo(target[filled..]);
            (_start, _rest, filled) = (_start + take, _rest - take, filled + take);
        }

        return filled;
    }

    /// <summary>The contents of the next CopyData message, valid until the next call.</summary>
    /// <returns>Empty: a message of another kind is next.</returns>
    public ReadOnlySpan<byte> NextCopyData()
    {
        Need(5);
        if (_buffer[_start] != CopyData)
        {
            return default;
        }

        var length = Length(_buffer.AsSpan(_start + 1));
        if (length + 5 <= _buffer.Length)
        {
            Need(5 + length);
            _start += 5 + length;
            return _buffer.AsSpan(_start - length, length);
        }

        if (_large.Length < length)
        {
            _large = new byte[length];
        }

        _start += 5;
        var taken = Math.Min(length, _end - _start);
        _buffer.AsSpan(_start, taken).CopyTo(_large);
        _start += taken;
        stream.ReadExactly(_large.AsSpan(taken, length - taken));
        return _large.AsSpan(0, length);
    }

    private (byte Type, int Length) ReadHeader()
    {
        Need(5);
        var header = (_buffer[_start], Length(_buffer.AsSpan(_start + 1)));
        _start += 5;
        return header;
    }

    private static int Length(ReadOnlySpan<byte> bytes)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes);
        return length >= 4 ? length - 4 : throw new SourceProtocolException($"The server sent a message of {length} bytes.");
    }

    private void Need(int count)
    {
        if (_end - _start >= count)
        {
            return;
        }

        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        while (_end < count)
        {
            var got = stream.Read(_buffer, _end, _buffer.Length - _end);
            _end += got > 0 ? got : throw Closed();
        }
    }

    private void Receive()
    {
        (_start, _end) = (0, stream.Read(_buffer, 0, _buffer.Length));
        if (_end == 0)
        {
            throw Closed();
        }
    }

    private static NpgsqlException Closed() => new("The server closed the connection.", new EndOfStreamException());

    /// <summary>Fields of an ErrorResponse: a letter and a text each, up to an empty letter.</summary>
    public static PostgresException Error(ReadOnlySpan<byte> body)
    {
        var fields = new Dictionary<char, string>();
        while (body.Length > 1 && body[0] != 0)
        {
            var end = body[1..].IndexOf((byte)0);
            if (end < 0)
            {
                break;
            }

            fields[(char)body[0]] = Encoding.UTF8.GetString(body.Slice(1, end));
            body = body[(end + 2)..];
        }

        string Field(char letter, string without) => fields.GetValueOrDefault(letter, without);
        return new PostgresException(Field('M', "no message"), Field('S', "ERROR"), Field('V', "ERROR"), Field('C', "XX000"), fields.GetValueOrDefault('D'), fields.GetValueOrDefault('H'),
            schemaName: fields.GetValueOrDefault('s'), tableName: fields.GetValueOrDefault('t'));
    }
}
