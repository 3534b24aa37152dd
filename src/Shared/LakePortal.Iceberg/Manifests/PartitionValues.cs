using System.Numerics;
using LakePortal.Iceberg.Avro;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Values;

namespace LakePortal.Iceberg.Manifests;

/// <summary>Partition tuples between Avro and typed values.</summary>
internal static class PartitionValues
{
    public static IReadOnlyList<object?> Read(AvroRecord? tuple, PartitionSpec spec, IReadOnlyList<(PrimitiveType? Source, PrimitiveType Result)> types)
    {
        if (spec.Fields.Count == 0)
        {
            return [];
        }

        if (tuple is null)
        {
            throw new InvalidMetadataException("manifest", "an entry of a partitioned table has no partition");
        }

        var values = new object?[spec.Fields.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var field = spec.Fields[i];
            var index = tuple.Schema.IndexOf(field.FieldId, field.Name);
            values[i] = index < 0 ? null : Coerce(tuple.Values[index], types[i].Result);
        }

        return values;
    }

    public static void Write(AvroEncoder e, PrimitiveType type, object? value)
    {
        if (!e.WriteOptional(value is not null))
        {
            return;
        }

        switch (type.Kind, value)
        {
            case (PrimitiveKind.Boolean, bool b):
                e.WriteBoolean(b);
                break;
            case (PrimitiveKind.Int or PrimitiveKind.Date, int i):
                e.WriteInt(i);
                break;
            case (PrimitiveKind.Long or PrimitiveKind.Time or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz
                or PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs, long l):
                e.WriteLong(l);
                break;
            case (PrimitiveKind.Long, int i):
                e.WriteLong(i);
                break;
            case (PrimitiveKind.Float, float f):
                e.WriteFloat(f);
                break;
            case (PrimitiveKind.Double, float f):
                e.WriteDouble(f);
                break;
            case (PrimitiveKind.Double, double d):
                e.WriteDouble(d);
                break;
            case (PrimitiveKind.Decimal, IcebergDecimal d) when d.TryRescale(type.Scale, out var scaled):
                e.WriteFixed(SignExtend(scaled.Unscaled, DecimalBytes(type.Precision)));
                break;
            case (PrimitiveKind.String, string s):
                e.WriteString(s);
                break;
            case (PrimitiveKind.Uuid, Guid g):
                e.WriteFixed(g.ToByteArray(bigEndian: true));
                break;
            case (PrimitiveKind.Fixed, byte[] bytes) when bytes.Length == type.Length:
                e.WriteFixed(bytes);
                break;
            case (PrimitiveKind.Binary, byte[] bytes):
                e.WriteBytes(bytes);
                break;
            default:
                throw new InvalidChangeException($"a partition value of type {value!.GetType().Name} does not fit the type {TypeNames.Format(type)}");
        }
    }

    /// <summary>Fewest bytes that hold every decimal of that precision.</summary>
    public static int DecimalBytes(int precision)
    {
        var bytes = 1;
        while (BigInteger.Pow(2, (8 * bytes) - 1) < BigInteger.Pow(10, precision))
        {
            bytes++;
        }

        return bytes;
    }

    // What the writer chose (int before a promotion, bytes for a decimal, text for a uuid) becomes the type that the spec asks for.
    private static object? Coerce(object? value, PrimitiveType type) => (type.Kind, value) switch
    {
        (_, null) => null,
        (PrimitiveKind.Int or PrimitiveKind.Date, long l) when l is >= int.MinValue and <= int.MaxValue => (int)l,
        (PrimitiveKind.Long or PrimitiveKind.Time or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz, int i) => (long)i,
        (PrimitiveKind.Double, float f) => (double)f,
        (PrimitiveKind.Decimal, byte[] { Length: > 0 } bytes) => IcebergDecimal.FromUnscaledBytes(bytes, type.Scale),
        (PrimitiveKind.Decimal, int i) => new IcebergDecimal(i, type.Scale),
        (PrimitiveKind.Decimal, long l) => new IcebergDecimal(l, type.Scale),
        (PrimitiveKind.Uuid, byte[] { Length: 16 } bytes) => new Guid(bytes, bigEndian: true),
        (PrimitiveKind.Uuid, string text) when Guid.TryParse(text, out var guid) => guid,
        (PrimitiveKind.String, byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes),
        (PrimitiveKind.Unknown, _) or (PrimitiveKind.Boolean, bool) or (PrimitiveKind.Int or PrimitiveKind.Date, int) or (PrimitiveKind.Float, float)
            or (PrimitiveKind.Long or PrimitiveKind.Time or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz or PrimitiveKind.TimestampNs or PrimitiveKind.TimestampTzNs, long)
            or (PrimitiveKind.Double, double) or (PrimitiveKind.String, string) or (PrimitiveKind.Fixed or PrimitiveKind.Binary, byte[]) => value,
        _ => throw new InvalidMetadataException("manifest", $"a partition value of type {value.GetType().Name} is not of type {TypeNames.Format(type)}"),
    };

    private static byte[] SignExtend(BigInteger value, int length)
    {
        var minimal = value.ToByteArray(isUnsigned: false, isBigEndian: true);
        if (minimal.Length > length)
        {
            throw new InvalidChangeException($"the decimal partition value {value} has too many digits");
        }

        var result = new byte[length];
        result.AsSpan().Fill(value.Sign < 0 ? (byte)0xff : (byte)0);
        minimal.CopyTo(result, length - minimal.Length);
        return result;
    }
}
