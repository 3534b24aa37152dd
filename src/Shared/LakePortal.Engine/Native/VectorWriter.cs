using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using DuckDB.NET.Native;

namespace LakePortal.Engine.Native;

/// <summary>
/// Writes the values of one column of a <see cref="DataChunkBuilder"/> straight into DuckDB's memory. Every call checks the row and the column's
/// type, so a mistake is an exception and never a stray write; the checks cost a compare each. Each row is written once, as a value or as null.
/// </summary>
/// <remarks>
/// The unsafe part of the engine is this class and its arena. The layouts are those of <c>duckdb.h</c>: flat vectors of fixed-width values,
/// 16-byte <c>duckdb_string_t</c> (up to 12 bytes inline, else 4 bytes of prefix and a pointer), <c>duckdb_list_entry</c> {offset, length},
/// a validity bit per row, uuid as a 128-bit integer with the top bit flipped.
/// </remarks>
public sealed unsafe partial class VectorWriter
{
    private const int InlineBytes = 12;

    private readonly DuckDBType _type;
    private readonly PhysicalType _physical;
    private readonly StringArena _arena;
    private readonly Int128 _decimalLimit;
    private nint _vector;
    private byte* _data;
    private ulong* _validity;
    private int _capacity;

    private VectorWriter(nint vector, DuckDBType type, PhysicalType physical, Int128 decimalLimit, string typeName, StringArena arena, int capacity, VectorWriter[] children)
    {
        _type = type;
        _physical = physical;
        _decimalLimit = decimalLimit;
        TypeName = typeName;
        _arena = arena;
        _children = children;
        Bind(vector, capacity);
    }

    /// <summary>DuckDB's name of the column's type, for messages.</summary>
    public string TypeName { get; }

    internal static VectorWriter Create(nint vector, DuckDBLogicalType logical, StringArena arena, int capacity)
    {
        var type = NativeMethods.LogicalType.DuckDBGetTypeId(logical);
        var physical = PhysicalTypes.Of(type, logical);
        var name = type.ToString();
        Int128 limit = 0;
        if (type == DuckDBType.Decimal)
        {
            var width = NativeMethods.LogicalType.DuckDBDecimalWidth(logical);
            name = $"DECIMAL({width},{NativeMethods.LogicalType.DuckDBDecimalScale(logical)})";
            limit = 1;
            for (var i = 0; i < width; i++)
            {
                limit *= 10;
            }
        }

        return new VectorWriter(vector, type, physical, limit, name, arena, capacity, ChildrenOf(vector, type, logical, arena, capacity));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteNull(int row)
    {
        CheckRow(row);
        if (_validity == null)
        {
            NativeMethods.Vectors.DuckDBVectorEnsureValidityWritable(_vector);
            _validity = NativeMethods.Vectors.DuckDBVectorGetValidity(_vector);
        }

        _validity[row >> 6] &= ~(1UL << (row & 63));
        if (_physical == PhysicalType.Struct)
        {
            foreach (var child in _children)
            {
                child.WriteNull(row);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteBoolean(int row, bool value) => *Slot<byte>(row, PhysicalType.Boolean) = value ? (byte)1 : (byte)0;

    /// <summary>TINYINT.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt8(int row, sbyte value) => *Slot<sbyte>(row, PhysicalType.Int8) = value;

    /// <summary>SMALLINT.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt16(int row, short value) => *Slot<short>(row, PhysicalType.Int16) = value;

    /// <summary>INTEGER.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt32(int row, int value) => *Slot<int>(row, PhysicalType.Int32) = value;

    /// <summary>BIGINT.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt64(int row, long value) => *Slot<long>(row, PhysicalType.Int64) = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteFloat(int row, float value) => *Slot<float>(row, PhysicalType.Float) = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteDouble(int row, double value) => *Slot<double>(row, PhysicalType.Double) = value;

    /// <summary>DATE, as days since 1970-01-01.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteDate(int row, int days) => *Slot<int>(row, PhysicalType.Int32) = days;

    /// <summary>TIME, as microseconds since midnight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteTime(int row, long microseconds) => *Slot<long>(row, PhysicalType.Int64) = microseconds;

    /// <summary>TIMESTAMP or TIMESTAMPTZ, as microseconds since 1970-01-01 00:00 (UTC).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteTimestamp(int row, long microseconds) => *Slot<long>(row, PhysicalType.Int64) = microseconds;

    /// <summary>UUID from its 16 bytes in network order, as PostgreSQL sends it.</summary>
    public void WriteUuid(int row, ReadOnlySpan<byte> bigEndian)
    {
        if (_type != DuckDBType.Uuid)
        {
            ThrowType(nameof(DuckDBType.Uuid));
        }

        if (bigEndian.Length != 16)
        {
            throw new ValueNotRepresentableException(TypeName, $"a uuid has 16 bytes, not {bigEndian.Length}");
        }

        var slot = Slot<ulong>(row, PhysicalType.Int128, words: 2);
        slot[0] = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bigEndian[8..]);
        slot[1] = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bigEndian) ^ (1UL << 63);
    }

    public void WriteUuid(int row, Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        _ = value.TryWriteBytes(bytes, bigEndian: true, out _);
        WriteUuid(row, bytes);
    }

    /// <summary>HUGEINT.</summary>
    public void WriteInt128(int row, Int128 value)
    {
        if (_type != DuckDBType.HugeInt)
        {
            ThrowType(nameof(DuckDBType.HugeInt));
        }

        StoreInt128(row, value);
    }

    /// <summary>DECIMAL, as the value times ten to the power of the scale.</summary>
    /// <exception cref="ValueNotRepresentableException">More digits than the column has.</exception>
    public void WriteDecimal(int row, Int128 unscaled)
    {
        if (_decimalLimit == 0)
        {
            ThrowType(nameof(DuckDBType.Decimal));
        }

        if (unscaled >= _decimalLimit || unscaled <= -_decimalLimit)
        {
            throw new ValueNotRepresentableException(TypeName, $"its digits are {unscaled}");
        }

        switch (_physical)
        {
            case PhysicalType.Int16:
                *Slot<short>(row, PhysicalType.Int16) = (short)unscaled;
                break;
            case PhysicalType.Int32:
                *Slot<int>(row, PhysicalType.Int32) = (int)unscaled;
                break;
            case PhysicalType.Int64:
                *Slot<long>(row, PhysicalType.Int64) = (long)unscaled;
                break;
            default:
                StoreInt128(row, unscaled);
                break;
        }
    }

    /// <summary>DECIMAL of at most 18 digits: as <see cref="WriteDecimal(int, Int128)"/> without 128-bit arithmetic.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteDecimal(int row, long unscaled)
    {
        if (_type == DuckDBType.Decimal && _physical == PhysicalType.Int64)
        {
            var limit = (long)_decimalLimit;
            if (unscaled < limit && unscaled > -limit)
            {
                *Slot<long>(row, PhysicalType.Int64) = unscaled;
                return;
            }
        }

        WriteDecimal(row, (Int128)unscaled);
    }

    /// <summary>VARCHAR from UTF-8.</summary>
    /// <exception cref="ValueNotRepresentableException">Not valid UTF-8.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteVarchar(int row, ReadOnlySpan<byte> utf8)
    {
        if (_type != DuckDBType.Varchar)
        {
            ThrowType(nameof(DuckDBType.Varchar));
        }

        if (!Utf8.IsValid(utf8))
        {
            throw new ValueNotRepresentableException(TypeName, "the text is not valid UTF-8");
        }

        utf8.CopyTo(Text(row, utf8.Length));
        Seal(row);
    }

    /// <summary>VARCHAR from UTF-16.</summary>
    /// <exception cref="ValueNotRepresentableException">A surrogate without its pair.</exception>
    public void WriteVarchar(int row, ReadOnlySpan<char> text)
    {
        if (_type != DuckDBType.Varchar)
        {
            ThrowType(nameof(DuckDBType.Varchar));
        }

        int length;
        try
        {
            length = StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ValueNotRepresentableException(TypeName, $"the text is not valid UTF-16 at character {e.Index}");
        }

        _ = StrictUtf8.GetBytes(text, Text(row, length));
        Seal(row);
    }

    /// <summary>BLOB.</summary>
    public void WriteBlob(int row, ReadOnlySpan<byte> value)
    {
        if (_type != DuckDBType.Blob)
        {
            ThrowType(nameof(DuckDBType.Blob));
        }

        value.CopyTo(Text(row, value.Length));
        Seal(row);
    }

    /// <summary>All fixed-width values of the column at once, for tight loops; <typeparamref name="T"/> has the width of the column's physical type.</summary>
    public Span<T> Values<T>()
        where T : unmanaged
    {
        if (_physical >= PhysicalType.Text || sizeof(T) != PhysicalTypes.Size(_physical) || _data == null)
        {
            ThrowType(typeof(T).Name);
        }

        return new Span<T>(_data, _capacity);
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal void Rebind(nint vector, int capacity) => Bind(vector, capacity);

    internal void Unbind()
    {
        _capacity = 0;
        _data = null;
        foreach (var child in _children)
        {
            child.Unbind();
        }
    }

    private void StoreInt128(int row, Int128 value)
    {
        var slot = Slot<ulong>(row, PhysicalType.Int128, words: 2);
        slot[0] = (ulong)value;
        slot[1] = (ulong)(value >> 64);
    }

    /// <summary>Room for the bytes of a string; <see cref="Seal"/> completes it once they are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<byte> Text(int row, int length)
    {
        var slot = Slot<byte>(row, PhysicalType.Text, words: 16);
        *(int*)slot = length;
        if (length <= InlineBytes)
        {
            // Bytes beyond the length must be zero: DuckDB compares inlined strings as whole words.
            *(ulong*)(slot + 4) = 0;
            *(uint*)(slot + 12) = 0;
            return new Span<byte>(slot + 4, length);
        }

        var target = _arena.Allocate(length);
        *(byte**)(slot + 8) = target;
        return new Span<byte>(target, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Seal(int row)
    {
        var slot = _data + ((nint)row * 16);
        if (*(int*)slot > InlineBytes)
        {
            *(uint*)(slot + 4) = *(uint*)*(byte**)(slot + 8);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T* Slot<T>(int row, PhysicalType expected, int words = 1)
        where T : unmanaged
    {
        CheckRow(row);
        if (_physical != expected)
        {
            ThrowType(expected.ToString());
        }

        return (T*)_data + ((nint)row * words);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckRow(int row)
    {
        if ((uint)row >= (uint)_capacity)
        {
            ThrowRow(row);
        }
    }

    private void ThrowRow(int row) => throw new ArgumentOutOfRangeException(nameof(row), row, $"The chunk holds rows 0 to {_capacity - 1}.");

    private void ThrowType(string wanted) => throw new InvalidOperationException($"The column is {TypeName}; a {wanted} value cannot be written to it.");
}
