using System.Runtime.InteropServices;
using DuckDB.NET.Native;

namespace LakePortal.Engine.Native;

/// <summary>Lists, maps and structs.</summary>
public sealed unsafe partial class VectorWriter
{
    private readonly VectorWriter[] _children;
    private int _listSize;

    /// <summary>
    /// LIST or MAP: reserves <paramref name="length"/> elements for the row. The caller then writes rows <paramref name="offset"/> to
    /// offset+length-1 of the returned writer. The elements of a map are structs: <c>Child(0)</c> is the key, <c>Child(1)</c> the value.
    /// </summary>
    public VectorWriter WriteList(int row, int length, out int offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var slot = Slot<ulong>(row, PhysicalType.List, words: 2);
        var child = _children[0];
        offset = _listSize;
        var size = checked(_listSize + length);
        if (size > child._capacity)
        {
            Grow(child, size);
        }

        if (!NativeMethods.Vectors.DuckDBListVectorSetSize(_vector, (ulong)size).IsSuccess())
        {
            throw new NativeCallException("Setting the size of a list", $"{size} elements");
        }

        _listSize = size;
        slot[0] = (ulong)offset;
        slot[1] = (ulong)length;
        return child;
    }

    /// <summary>STRUCT: the writer of a field, whose rows are those of the struct.</summary>
    public VectorWriter Child(int field)
    {
        if (_physical != PhysicalType.Struct)
        {
            ThrowType(nameof(PhysicalType.Struct));
        }

        return _children[field];
    }

    private static VectorWriter[] ChildrenOf(nint vector, DuckDBType type, DuckDBLogicalType logical, StringArena arena, int capacity)
    {
        switch (type)
        {
            case DuckDBType.List or DuckDBType.Map:
                var elements = NativeMethods.Vectors.DuckDBListVectorGetChild(vector);
                using (var elementType = NativeMethods.Vectors.DuckDBVectorGetColumnType(elements))
                {
                    return [Create(elements, elementType, arena, capacity)];
                }

            case DuckDBType.Struct:
                var fields = new VectorWriter[NativeMethods.LogicalType.DuckDBStructTypeChildCount(logical)];
                for (var i = 0; i < fields.Length; i++)
                {
                    using var fieldType = NativeMethods.LogicalType.DuckDBStructTypeChildType(logical, i);
                    fields[i] = Create(NativeMethods.Vectors.DuckDBStructVectorGetChild(vector, i), fieldType, arena, capacity);
                }

                return fields;
            default:
                return [];
        }
    }

    private void Grow(VectorWriter child, int size)
    {
        var capacity = (int)Math.Min(Array.MaxLength, Math.Max((long)size, child._capacity * 2L));
        if (!NativeMethods.Vectors.DuckDBListVectorReserve(_vector, (ulong)capacity).IsSuccess())
        {
            throw new NativeCallException("Reserving list elements", $"{capacity} elements");
        }

        var used = child._capacity;
        child.Relocate(NativeMethods.Vectors.DuckDBListVectorGetChild(_vector), capacity, used);
    }

    private void Bind(nint vector, int capacity)
    {
        _vector = vector;
        _capacity = capacity;
        _data = (byte*)NativeMethods.Vectors.DuckDBVectorGetData(vector);
        _validity = null;
        _listSize = 0;
        Clear(0);
        switch (_physical)
        {
            case PhysicalType.List:
                _ = NativeMethods.Vectors.DuckDBListVectorSetSize(vector, 0);
                // Resetting a chunk gives list children their first buffer back, which has the vector size again.
                _children[0].Bind(NativeMethods.Vectors.DuckDBListVectorGetChild(vector), DataChunkBuilder.Capacity);
                break;
            case PhysicalType.Struct:
                for (var i = 0; i < _children.Length; i++)
                {
                    _children[i].Bind(NativeMethods.Vectors.DuckDBStructVectorGetChild(vector, i), capacity);
                }

                break;
        }
    }

    /// <summary>After growing: the memory has moved, the first rows were kept.</summary>
    private void Relocate(nint vector, int capacity, int kept)
    {
        _vector = vector;
        _capacity = capacity;
        _data = (byte*)NativeMethods.Vectors.DuckDBVectorGetData(vector);

        // The mask may have been reallocated; WriteNull fetches it again when it is asked to.
        _validity = null;
        Clear(kept);
        for (var i = 0; _physical == PhysicalType.Struct && i < _children.Length; i++)
        {
            _children[i].Relocate(NativeMethods.Vectors.DuckDBStructVectorGetChild(vector, i), capacity, kept);
        }

        if (_physical == PhysicalType.List)
        {
            _children[0]._vector = NativeMethods.Vectors.DuckDBListVectorGetChild(vector);
        }
    }

    /// <summary>Strings and list entries hold pointers and offsets: rows that nobody writes must not show those of an earlier chunk.</summary>
    private void Clear(int from)
    {
        if (_physical is PhysicalType.Text or PhysicalType.List && _capacity > from)
        {
            NativeMemory.Clear(_data + ((nint)from * 16), (nuint)(_capacity - from) * 16);
        }
    }
}
