using System.Buffers.Binary;
using System.Text;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Iceberg.Values;

/// <summary>
/// Binary single-value serialisation (specification, appendix D). CLR types: bool, int (int, date), long (long, time, timestamps), float,
/// double, <see cref="IcebergDecimal"/>, string, Guid, byte[] (fixed, binary).
/// </summary>
public static class SingleValue
{
    private const long MicrosPerDay = 86_400_000_000;

    // Strict: a bound that is not UTF-8 must be seen as damaged, not be compared with replacement characters in it.
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">The value's CLR type is not that of the Iceberg type.</exception>
    public static byte[] Encode(PrimitiveType type, object value)
    {
        ArgumentNullException.ThrowIfNull(type);
        switch (type.Kind, value)
        {
            case (PrimitiveKind.Boolean, bool b):
                return [b ? (byte)1 : (byte)0];
            case (PrimitiveKind.Int or PrimitiveKind.Date, int i):
                return Int32(i);
            case (PrimitiveKind.Long or PrimitiveKind.Time or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz
                or PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs, long l):
                return Int64(l);
            case (PrimitiveKind.Long, int i):
                return Int64(i);
            case (PrimitiveKind.Float, float f):
                return Int32(BitConverter.SingleToInt32Bits(f));
            case (PrimitiveKind.Double, double d):
                return Int64(BitConverter.DoubleToInt64Bits(d));
            case (PrimitiveKind.Double, float f):
                return Int64(BitConverter.DoubleToInt64Bits(f));
            case (PrimitiveKind.Decimal, IcebergDecimal d) when d.TryRescale(type.Scale, out var scaled):
                return scaled.ToUnscaledBytes();
            case (PrimitiveKind.String, string s):
                return Utf8.GetBytes(s);
            case (PrimitiveKind.Uuid, Guid g):
                return g.ToByteArray(bigEndian: true);
            case (PrimitiveKind.Fixed, byte[] bytes) when bytes.Length == type.Length:
                return bytes;
            case (PrimitiveKind.Binary, byte[] bytes):
                return bytes;
            default:
                throw new ArgumentException($"A value of type {value?.GetType().Name ?? "null"} does not fit the type {TypeNames.Format(type)}.", nameof(value));
        }
    }

    /// <summary>Also reads what was written before the column was promoted (int for long, float for double, date for timestamp).</summary>
    /// <returns>False when the bytes cannot be a value of that type.</returns>
    public static bool TryDecode(PrimitiveType type, ReadOnlySpan<byte> bytes, out object value)
    {
        ArgumentNullException.ThrowIfNull(type);
        object? decoded = type.Kind switch
        {
            PrimitiveKind.Boolean => bytes.Length == 1 ? bytes[0] != 0 : null,
            PrimitiveKind.Int or PrimitiveKind.Date => bytes.Length == 4 ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : null,
            PrimitiveKind.Long or PrimitiveKind.Time => bytes.Length switch
            {
                8 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
                4 => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
                _ => null,
            },
            PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz => DecodeTimestamp(bytes, MicrosPerDay),
            PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs => DecodeTimestamp(bytes, MicrosPerDay * 1000),
            PrimitiveKind.Float => bytes.Length == 4 ? BinaryPrimitives.ReadSingleLittleEndian(bytes) : null,
            PrimitiveKind.Double => bytes.Length switch
            {
                8 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
                4 => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
                _ => null,
            },
            PrimitiveKind.Decimal => bytes.Length is > 0 and <= 17 ? IcebergDecimal.FromUnscaledBytes(bytes, type.Scale) : null,
            PrimitiveKind.String => DecodeString(bytes),
            PrimitiveKind.Uuid => bytes.Length == 16 ? new Guid(bytes, bigEndian: true) : null,
            PrimitiveKind.Fixed or PrimitiveKind.Binary => bytes.ToArray(),
            _ => null,
        };

        value = decoded!;
        return decoded is not null;
    }

    /// <exception cref="InvalidMetadataException">The bytes cannot be a value of that type.</exception>
    public static object Decode(PrimitiveType type, ReadOnlySpan<byte> bytes) =>
        TryDecode(type, bytes, out var value)
            ? value
            : throw new InvalidMetadataException("single value", $"{bytes.Length} bytes are not a value of type {TypeNames.Format(type)}");

    private static object? DecodeTimestamp(ReadOnlySpan<byte> bytes, long unitsPerDay) => bytes.Length switch
    {
        8 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        4 => BinaryPrimitives.ReadInt32LittleEndian(bytes) * unitsPerDay,
        _ => null,
    };

    private static string? DecodeString(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static byte[] Int32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Int64(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }
}
