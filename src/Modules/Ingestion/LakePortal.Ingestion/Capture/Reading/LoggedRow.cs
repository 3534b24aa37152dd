using System.Buffers.Binary;

namespace LakePortal.Ingestion.Capture.Reading;

/// <summary>A row in a message: for each column what is known of it.</summary>
internal readonly ref struct LoggedRow
{
    public const byte Null = (byte)'n';
    public const byte Unchanged = (byte)'u';
    public const byte Text = (byte)'t';

    private readonly ReadOnlySpan<byte> _bytes;

    private LoggedRow(ReadOnlySpan<byte> bytes, int count)
    {
        _bytes = bytes;
        Count = count;
    }

    public int Count { get; }

    /// <summary>Reads a tuple's extent.</summary>
    /// <param name="message">Starts with the tuple; what follows it is left.</param>
    public static LoggedRow Read(ref ReadOnlySpan<byte> message)
    {
        var count = BinaryPrimitives.ReadUInt16BigEndian(message);
        var end = 2;
        for (var i = 0; i < count; i++)
        {
            end += message[end] switch
            {
                Null or Unchanged => 1,
                Text => 5 + BinaryPrimitives.ReadInt32BigEndian(message[(end + 1)..]),
                var kind => throw new SourceProtocolException($"A column of a logged row is of the unknown kind '{(char)kind}'."),
            };
        }

        var tuple = new LoggedRow(message[2..end], count);
        message = message[end..];
        return tuple;
    }

    public Cursor GetEnumerator() => new(_bytes, Count);

    /// <summary>Column by column.</summary>
    public ref struct Cursor(ReadOnlySpan<byte> bytes, int count)
    {
        private ReadOnlySpan<byte> _rest = bytes;
        private int _left = count;

        public readonly Cursor Current => this;

        public byte Kind { get; private set; }

        public ReadOnlySpan<byte> Value { get; private set; }

        public bool MoveNext()
        {
            if (_left-- == 0)
            {
                return false;
            }

            Kind = _rest[0];
            if (Kind != Text)
            {
                Value = default;
                _rest = _rest[1..];
                return true;
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(_rest[1..]);
            Value = _rest.Slice(5, length);
            _rest = _rest[(5 + length)..];
            return true;
        }
    }
}
