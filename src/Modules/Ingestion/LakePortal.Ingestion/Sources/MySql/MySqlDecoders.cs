using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using LakePortal.Engine.Native;
using LakePortal.Ingestion.Capture.TextValues;
using LakePortal.Ingestion.Offload.CopyBinary;

namespace LakePortal.Ingestion.Sources.MySql;

/// <summary>bit(1), as a number.</summary>
internal sealed class BitDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 1, "bit(1)");
        target.WriteBoolean(row, value[0] == (byte)'1');
    }
}

internal sealed class MySqlDateDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        ZeroDates.Refuse(value, "date");
        var cursor = new TemporalCursor(value, "date");
        var days = cursor.Date();
        cursor.End();
        target.WriteDate(row, days);
    }
}

/// <summary>datetime, and timestamp as printed in UTC.</summary>
internal sealed class MySqlTimestampDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        ZeroDates.Refuse(value, "datetime");
        var cursor = new TemporalCursor(value, "datetime");
        long days = cursor.Date();
        cursor.Expect((byte)' ');
        var time = cursor.Time();
        cursor.End();
        target.WriteTimestamp(row, (days * 86_400_000_000) + time);
    }
}

/// <summary>time, which is a duration here: from -838:59:59 to 838:59:59.</summary>
internal sealed class MySqlTimeDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        if (value.Length > 0 && value[0] == (byte)'-')
        {
            throw new ColumnNeedsTextException("it holds a negative time");
        }

        if (value.Length > 2 && value[2] != (byte)':')
        {
            throw new ColumnNeedsTextException("it holds a time of more than a day");
        }

        var cursor = new TemporalCursor(value, "time");
        var microseconds = cursor.Time();
        cursor.End();
        target.WriteTime(row, microseconds < 86_400_000_000 ? microseconds : throw new ColumnNeedsTextException("it holds a time of more than a day"));
    }
}

/// <summary>Dates that are none: <c>0000-00-00</c>, <c>2024-00-00</c>, and with permission even 31 February. No date type has them, and null would lose them.</summary>
internal static class ZeroDates
{
    /// <exception cref="ColumnNeedsTextException">The column has to be loaded as text.</exception>
    public static void Refuse(ReadOnlySpan<byte> value, string type)
    {
        if (value.Length < 10 || !Utf8Parser.TryParse(value[..4], out int year, out _) || !Utf8Parser.TryParse(value.Slice(5, 2), out int month, out _) || !Utf8Parser.TryParse(value.Slice(8, 2), out int day, out _))
        {
            throw new SourceProtocolException($"A value of type {type} is not in ISO form.");
        }

        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            throw new ColumnNeedsTextException($"it holds {Encoding.ASCII.GetString(value[..10])}, which is no date");
        }
    }
}

/// <summary>
/// A geometry in the server's form: four bytes that name the reference system, then well-known binary. Without one the lake has the latter; with one it is put
/// where extended well-known binary (PostGIS) has it.
/// </summary>
internal sealed class GeometryDecoder : ColumnDecoder
{
    private const uint HasReferenceSystem = 0x20000000;

    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        if (value.Length < 9)
        {
            throw new SourceProtocolException($"A geometry has {value.Length} bytes.");
        }

        var system = BinaryPrimitives.ReadUInt32LittleEndian(value);
        var binary = value[4..];
        if (system == 0)
        {
            target.WriteBlob(row, binary);
            return;
        }

        var extended = new byte[binary.Length + 4];
        extended[0] = binary[0];
        if (binary[0] == 1)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(extended.AsSpan(1), BinaryPrimitives.ReadUInt32LittleEndian(binary[1..]) | HasReferenceSystem);
            BinaryPrimitives.WriteUInt32LittleEndian(extended.AsSpan(5), system);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(extended.AsSpan(1), BinaryPrimitives.ReadUInt32BigEndian(binary[1..]) | HasReferenceSystem);
            BinaryPrimitives.WriteUInt32BigEndian(extended.AsSpan(5), system);
        }

        binary[5..].CopyTo(extended.AsSpan(9));
        target.WriteBlob(row, extended);
    }
}

/// <summary>Bytes as hexadecimal digits, for binary columns that are loaded as text.</summary>
internal sealed class HexTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value) => target.WriteVarchar(row, Convert.ToHexStringLower(value).AsSpan());
}

/// <summary>Numbers of floating point as text: the shortest digits that read back as the same number, whoever printed them.</summary>
internal sealed class FloatAsTextDecoder(bool isSingle) : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            throw NotANumber.Of(value, "double");
        }

        target.WriteVarchar(row, (isSingle ? ((float)number).ToString("R", CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture)).AsSpan());
    }
}
