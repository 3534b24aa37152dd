using System.Buffers.Binary;
using LakePortal.Engine.Native;

namespace LakePortal.Ingestion.Offload.CopyBinary;

/// <summary>
/// Turns one value of PostgreSQL's binary COPY format into a vector's value. One instance per column; no state between values, so that lanes can
/// share it. Formats: the <c>*_send</c> functions of PostgreSQL's types, all big-endian.
/// </summary>
internal abstract class ColumnDecoder
{
    /// <exception cref="ColumnNeedsTextException">The value exists in PostgreSQL but not in the vector's type.</exception>
    public abstract void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value);

    protected static void Expect(ReadOnlySpan<byte> value, int length, string type)
    {
        if (value.Length != length)
        {
            throw new SourceProtocolException($"A value of type {type} has {value.Length} bytes instead of {length}.");
        }
    }
}

internal sealed class BooleanDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 1, "boolean");
        target.WriteBoolean(row, value[0] != 0);
    }
}

/// <summary>smallint into INTEGER.</summary>
internal sealed class Int16Decoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 2, "smallint");
        target.WriteInt32(row, BinaryPrimitives.ReadInt16BigEndian(value));
    }
}

internal sealed class Int32Decoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 4, "integer");
        target.WriteInt32(row, BinaryPrimitives.ReadInt32BigEndian(value));
    }
}

internal sealed class Int64Decoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 8, "bigint");
        target.WriteInt64(row, BinaryPrimitives.ReadInt64BigEndian(value));
    }
}

/// <summary>oid, an unsigned 32-bit number, into BIGINT.</summary>
internal sealed class OidDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 4, "oid");
        target.WriteInt64(row, BinaryPrimitives.ReadUInt32BigEndian(value));
    }
}

internal sealed class FloatDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 4, "real");
        target.WriteFloat(row, BinaryPrimitives.ReadSingleBigEndian(value));
    }
}

internal sealed class DoubleDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 8, "double precision");
        target.WriteDouble(row, BinaryPrimitives.ReadDoubleBigEndian(value));
    }
}

internal sealed class UuidDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Expect(value, 16, "uuid");
        target.WriteUuid(row, value);
    }
}

/// <summary>text, varchar, bpchar, enum labels, json, and everything that the SELECT casts to text.</summary>
internal sealed class TextDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value) => target.WriteVarchar(row, value);
}

internal sealed class JsonbDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        if (value.Length == 0 || value[0] != 1)
        {
            throw new SourceProtocolException("A jsonb value does not start with version 1.");
        }

        target.WriteVarchar(row, value[1..]);
    }
}

internal sealed class BinaryDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value) => target.WriteBlob(row, value);
}
