using System.Buffers.Text;
using System.Globalization;
using System.Text;
using LakePortal.Engine.Native;
using LakePortal.Ingestion.Offload.CopyBinary;

namespace LakePortal.Ingestion.Capture.TextValues;

internal sealed class BooleanTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 1, "boolean");
        target.WriteBoolean(row, value[0] switch { (byte)'t' => true, (byte)'f' => false, _ => throw new SourceProtocolException("A boolean is neither t nor f.") });
    }
}

/// <summary>smallint and integer.</summary>
internal sealed class Int32TextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value) =>
        target.WriteInt32(row, Utf8Parser.TryParse(value, out int number, out var used) && used == value.Length ? number : throw NotANumber.Of(value, "integer"));
}

/// <summary>bigint and oid.</summary>
internal sealed class Int64TextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value) =>
        target.WriteInt64(row, Utf8Parser.TryParse(value, out long number, out var used) && used == value.Length ? number : throw NotANumber.Of(value, "bigint"));
}

/// <remarks>PostgreSQL prints the shortest digits that read back as the same number; .NET reads them so.</remarks>
internal sealed class FloatTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value) =>
        target.WriteFloat(row, float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw NotANumber.Of(value, "real"));
}

internal sealed class DoubleTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value) =>
        target.WriteDouble(row, double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw NotANumber.Of(value, "double precision"));
}

/// <summary>Digits to an integer times 10^-scale, exactly.</summary>
internal sealed class DecimalTextDecoder(int precision, int scale) : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        var negative = value.Length > 0 && value[0] == (byte)'-';
        var rest = negative ? value[1..] : value;
        if (rest.Length == 0 || rest[0] is (byte)'N' or (byte)'I')
        {
            throw new ColumnNeedsTextException(rest.SequenceEqual("NaN"u8) ? "it holds NaN" : "it holds infinity");
        }

        var digits = 0;
        var decimals = -1;
        Int128 number = 0;
        foreach (var character in rest)
        {
            if (character == (byte)'.' && decimals < 0)
            {
                decimals = 0;
                continue;
            }

            if (character is < (byte)'0' or > (byte)'9')
            {
                throw NotANumber.Of(value, "numeric");
            }

            if (decimals >= scale && character != (byte)'0')
            {
                throw new ColumnNeedsTextException($"it holds a number with more than {scale} decimals");
            }

            if (decimals < scale)
            {
                digits += number == 0 && character == (byte)'0' ? 0 : 1;
                number = digits <= precision ? (number * 10) + (character - (byte)'0') : throw TooLong();
                decimals += decimals >= 0 ? 1 : 0;
            }
        }

        for (var i = Math.Max(decimals, 0); i < scale; i++)
        {
            digits += number == 0 ? 0 : 1;
            number = digits <= precision ? number * 10 : throw TooLong();
        }

        target.WriteDecimal(row, negative ? -number : number);
    }

    private ColumnNeedsTextException TooLong() => new($"it holds a number of more than {precision} digits");
}

internal sealed class UuidTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value) =>
        target.WriteUuid(row, Utf8Parser.TryParse(value, out Guid uuid, out var used, 'D') && used == value.Length ? uuid : throw NotANumber.Of(value, "uuid"));
}

/// <summary>bytea in its hex form: <c>\x</c> and two digits for each byte.</summary>
internal sealed class BinaryTextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        if (!value.StartsWith("\\x"u8))
        {
            throw new SourceProtocolException("A bytea value is not in hex form.");
        }

        var bytes = new byte[(value.Length - 2) / 2];
        var status = Convert.FromHexString(value[2..], bytes, out _, out var written);
        if (status != System.Buffers.OperationStatus.Done || written != bytes.Length)
        {
            throw new SourceProtocolException("A bytea value has a digit that is not hexadecimal.");
        }

        target.WriteBlob(row, bytes);
    }
}

internal static class NotANumber
{
    public static SourceProtocolException Of(ReadOnlySpan<byte> value, string type) =>
        new($"'{Encoding.UTF8.GetString(value[..Math.Min(value.Length, 50)])}' is no {type}.");
}
