using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using LakePortal.Ingestion.Capture.Reading;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>
/// A row of the binary log brought into the form in which rows of every log are handed on: for each column its kind, and its value as the server prints it in a
/// result. Formats: the server's <c>Field::pack</c> and <c>log_event.h</c>.
/// </summary>
internal sealed class RowText
{
    private readonly ArrayBufferWriter<byte> _json = new();
    private byte[] _buffer = new byte[4096];
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Reads one row.</summary>
    /// <param name="table">Whose it is.</param>
    /// <param name="present">A bit for each column that the row has.</param>
    /// <param name="missing">Stands for what the row does not have.</param>
    /// <param name="row">Starts with the row; what follows it is left.</param>
    /// <returns>The row has a value for each column.</returns>
    public bool Read(MappedTable table, ReadOnlySpan<byte> present, byte missing, ref ReadOnlySpan<byte> row)
    {
        _length = 0;
        var isWhole = true;
        var columns = table.Logged.Columns;
        BinaryPrimitives.WriteUInt16BigEndian(Room(2), (ushort)columns.Count);
        _length += 2;
        var count = 0;
        for (var i = 0; i < columns.Count; i++)
        {
            count += Bit(present, i) ? 1 : 0;
        }

        var nulls = row[..((count + 7) / 8)];
        row = row[nulls.Length..];
        var at = 0;
        for (var i = 0; i < columns.Count; i++)
        {
            if (!Bit(present, i))
            {
                isWhole &= table.Columns[i].IsGenerated;
                Kind(table.Columns[i].IsGenerated ? LoggedRow.Null : missing);
            }
            else if (Bit(nulls, at++))
            {
                Kind(LoggedRow.Null);
            }
            else
            {
                Value(columns[i], table.Columns[i], table.Charsets[i], ref row);
            }
        }

        return isWhole;
    }

    private static bool Bit(ReadOnlySpan<byte> bits, int index) => (bits[index >> 3] & (1 << (index & 7))) != 0;

    private void Kind(byte kind)
    {
        Room(1)[0] = kind;
        _length++;
    }

    private void Value(BinlogColumn logged, MySqlColumn column, Charset? charset, ref ReadOnlySpan<byte> row)
    {
        switch (logged.Type)
        {
            case BinlogTypes.Tiny:
                Integer(column, Take(ref row, 1), 1);
                break;
            case BinlogTypes.Short:
                Integer(column, Take(ref row, 2), 2);
                break;
            case BinlogTypes.Int24:
                Integer(column, Take(ref row, 3), 3);
                break;
            case BinlogTypes.Long:
                Integer(column, Take(ref row, 4), 4);
                break;
            case BinlogTypes.LongLong:
                Integer(column, Take(ref row, 8), 8);
                break;
            case BinlogTypes.Float:
                Text(ServerNumbers.Print(BinaryPrimitives.ReadSingleLittleEndian(Take(ref row, 4))));
                break;
            case BinlogTypes.Double:
                Text(ServerNumbers.Print(BinaryPrimitives.ReadDoubleLittleEndian(Take(ref row, 8))));
                break;
            case BinlogTypes.Year:
                var year = Take(ref row, 1)[0];
                Text((year == 0 ? 0 : 1900 + year).ToString("D4", CultureInfo.InvariantCulture));
                break;
            case BinlogTypes.NewDecimal:
                Text(BinlogDecimal.Read(ref row, logged.Meta >> 8, logged.Meta & 0xFF));
                break;
            case BinlogTypes.Bit:
                var bytes = ((logged.Meta & 0xFF) + ((logged.Meta >> 8) * 8) + 7) / 8;
                Text(BinlogBytes.Big(Take(ref row, bytes), bytes).ToString(CultureInfo.InvariantCulture));
                break;
            case BinlogTypes.String:
                Fixed(logged.Meta, column, charset, ref row);
                break;
            case BinlogTypes.VarChar or BinlogTypes.VarString:
                Encoded(charset, Take(ref row, (int)BinlogBytes.Number(Take(ref row, logged.Meta > 255 ? 2 : 1), logged.Meta > 255 ? 2 : 1)));
                break;
            case BinlogTypes.Blob or BinlogTypes.Geometry:
                Encoded(charset, Take(ref row, checked((int)BinlogBytes.Number(Take(ref row, logged.Meta), logged.Meta))));
                break;
            case BinlogTypes.Json:
                _json.ResetWrittenCount();
                BinlogJson.Print(Take(ref row, checked((int)BinlogBytes.Number(Take(ref row, logged.Meta), logged.Meta))), _json);
                Encoded(null, _json.WrittenSpan);
                break;
            default:
                Text(BinlogTimes.Read(logged, ref row) ?? throw new SourceProtocolException($"Column {column.Name} has type {logged.Type} in the log, which is not read."));
                break;
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> row, int length)
    {
        var value = row[..length];
        row = row[length..];
        return value;
    }

    private void Integer(MySqlColumn column, ReadOnlySpan<byte> bytes, int length)
    {
        var value = BinlogBytes.Number(bytes, length);
        var isNegative = !column.IsUnsigned && (bytes[length - 1] & 0x80) != 0;
        var target = Begin(24);
        int written;
        if (isNegative)
        {
            _ = Utf8Formatter.TryFormat((long)(length == 8 ? value : value | (ulong.MaxValue << (length * 8))), target, out written);
        }
        else
        {
            _ = Utf8Formatter.TryFormat(value, target, out written, column.ZeroFill is { } width ? new System.Buffers.StandardFormat('D', width) : default);
        }

        End(written);
    }

    private void Fixed(int meta, MySqlColumn column, Charset? charset, ref ReadOnlySpan<byte> row)
    {
        var (high, low) = (meta >> 8, meta & 0xFF);
        switch (high)
        {
            case BinlogTypes.Enum:
                var index = (int)BinlogBytes.Number(Take(ref row, low), low);
                Text(index == 0 ? "" : index <= column.Labels.Count ? column.Labels[index - 1] : throw new SourceProtocolException($"Column {column.Name} has no label {index}."));
                return;
            case BinlogTypes.Set:
                var bits = BinlogBytes.Number(Take(ref row, low), low);
                Text(string.Join(',', column.Labels.Where((_, i) => (bits & (1UL << i)) != 0)));
                return;
        }

        // The length of long columns borrows two bits of the type.
        var longest = (high & 0x30) == 0x30 ? low : low | (((high & 0x30) ^ 0x30) << 4);
        var value = Take(ref row, (int)BinlogBytes.Number(Take(ref row, longest > 255 ? 2 : 1), longest > 255 ? 2 : 1));
        switch (column.DataType)
        {
            case "binary":
                _ = Padded(value, column.Length);
                End(Math.Max(value.Length, column.Length));
                break;
            case "uuid":
                Text(new Guid(Padded(value, 16), bigEndian: true).ToString("D"));
                break;
            case "inet4" or "inet6":
                Text(InternetAddress.Print(Padded(value, longest)));
                break;
            default:
                Encoded(charset, value);
                break;
        }
    }

    /// <summary>Zeros at the end are not logged.</summary>
    private Span<byte> Padded(ReadOnlySpan<byte> value, int length)
    {
        length = Math.Max(length, value.Length);
        var target = Begin(length)[..length];
        value.CopyTo(target);
        target[value.Length..].Clear();
        return target;
    }

    private void Encoded(Charset? charset, ReadOnlySpan<byte> value)
    {
        if (charset is null)
        {
            value.CopyTo(Begin(value.Length));
            End(value.Length);
            return;
        }

        End(charset.ToUtf8(value, Begin(charset.LongestUtf8(value.Length))));
    }

    private void Text(string text)
    {
        var target = Begin(Encoding.UTF8.GetMaxByteCount(text.Length));
        End(Encoding.UTF8.GetBytes(text, target));
    }

    /// <summary>Room for a value; its kind and its length come before it.</summary>
    private Span<byte> Begin(int longest) => Room(longest + 5)[5..];

    private void End(int length)
    {
        _buffer[_length] = LoggedRow.Text;
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_length + 1), length);
        _length += 5 + length;
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        }

        return _buffer.AsSpan(_length);
    }
}
