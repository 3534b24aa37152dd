using System.Buffers.Binary;
using LakePortal.Engine.Native;

namespace LakePortal.Ingestion.Offload.CopyBinary;

/// <summary>
/// One-dimensional arrays into LIST. <c>array_send</c>: int32 dimensions, has-null flag, element oid, then per dimension length and lower bound, then
/// the elements with their lengths. More dimensions, or a lower bound other than 1, exist in no list type.
/// </summary>
internal sealed class ArrayDecoder(ColumnDecoder element) : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        var reader = new SpanCursor(value);
        var dimensions = reader.Int32();
        _ = reader.Int32();
        _ = reader.Int32();
        if (dimensions == 0)
        {
            _ = target.WriteList(row, 0, out _);
            return;
        }

        if (dimensions != 1)
        {
            throw new ColumnNeedsTextException($"it holds an array of {dimensions} dimensions");
        }

        var length = reader.Int32();
        if (reader.Int32() != 1)
        {
            throw new ColumnNeedsTextException("it holds an array that does not start at index 1");
        }

        if (length < 0 || length > value.Length / 4)
        {
            throw new SourceProtocolException($"An array claims {length} elements in {value.Length} bytes.");
        }

        var child = target.WriteList(row, length, out var offset);
        for (var i = 0; i < length; i++)
        {
            if (reader.Value(out var bytes))
            {
                element.Decode(child, offset + i, bytes);
            }
            else
            {
                child.WriteNull(offset + i);
            }
        }

        reader.ExpectEnd("array");
    }
}

/// <summary>hstore into MAP(VARCHAR, VARCHAR). <c>hstore_send</c>: int32 pairs, each key and value with its length; a value's -1 is null.</summary>
internal sealed class HstoreDecoder : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        var reader = new SpanCursor(value);
        var pairs = reader.Int32();
        if (pairs < 0 || pairs > value.Length / 8)
        {
            throw new SourceProtocolException($"An hstore claims {pairs} pairs in {value.Length} bytes.");
        }

        var entries = target.WriteList(row, pairs, out var offset);
        for (var i = 0; i < pairs; i++)
        {
            if (!reader.Value(out var key))
            {
                throw new SourceProtocolException("An hstore has a null key.");
            }

            entries.Child(0).WriteVarchar(offset + i, key);
            if (reader.Value(out var item))
            {
                entries.Child(1).WriteVarchar(offset + i, item);
            }
            else
            {
                entries.Child(1).WriteNull(offset + i);
            }
        }

        reader.ExpectEnd("hstore");
    }
}

/// <summary>Bounds-checked reading of one value.</summary>
internal ref struct SpanCursor(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public int Int32()
    {
        if (_rest.Length < 4)
        {
            throw new SourceProtocolException("A nested value ends too early.");
        }

        var result = BinaryPrimitives.ReadInt32BigEndian(_rest);
        _rest = _rest[4..];
        return result;
    }

    /// <returns>False: null.</returns>
    public bool Value(out ReadOnlySpan<byte> value)
    {
        var length = Int32();
        if (length == -1)
        {
            value = default;
            return false;
        }

        if (length < 0 || length > _rest.Length)
        {
            throw new SourceProtocolException($"A nested value claims {length} bytes where {_rest.Length} are left.");
        }

        value = _rest[..length];
        _rest = _rest[length..];
        return true;
    }

    public readonly void ExpectEnd(string type)
    {
        if (_rest.Length != 0)
        {
            throw new SourceProtocolException($"A value of type {type} has {_rest.Length} bytes too many.");
        }
    }
}
