using DuckDB.NET.Native;

namespace LakePortal.Engine.Native;

/// <summary>How a vector holds its values in memory.</summary>
internal enum PhysicalType : byte
{
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Int128,
    Float,
    Double,
    Text,
    List,
    Struct,
}

internal static class PhysicalTypes
{
    public static PhysicalType Of(DuckDBType type, DuckDBLogicalType logical) => type switch
    {
        DuckDBType.Boolean => PhysicalType.Boolean,
        DuckDBType.TinyInt or DuckDBType.UnsignedTinyInt => PhysicalType.Int8,
        DuckDBType.SmallInt or DuckDBType.UnsignedSmallInt => PhysicalType.Int16,
        DuckDBType.Integer or DuckDBType.UnsignedInteger or DuckDBType.Date => PhysicalType.Int32,
        DuckDBType.BigInt or DuckDBType.UnsignedBigInt or DuckDBType.Time or DuckDBType.Timestamp or DuckDBType.TimestampTz
            or DuckDBType.TimestampS or DuckDBType.TimestampMs or DuckDBType.TimestampNs => PhysicalType.Int64,
        DuckDBType.HugeInt or DuckDBType.UnsignedHugeInt or DuckDBType.Uuid => PhysicalType.Int128,
        DuckDBType.Float => PhysicalType.Float,
        DuckDBType.Double => PhysicalType.Double,
        DuckDBType.Varchar or DuckDBType.Blob => PhysicalType.Text,
        DuckDBType.List or DuckDBType.Map => PhysicalType.List,
        DuckDBType.Struct => PhysicalType.Struct,
        DuckDBType.Decimal => Of(NativeMethods.LogicalType.DuckDBDecimalInternalType(logical), logical),
        _ => throw new NativeCallException("Creating a data chunk", $"columns of type {type} are not supported; cast them to VARCHAR"),
    };

    public static int Size(PhysicalType type) => type switch
    {
        PhysicalType.Boolean or PhysicalType.Int8 => 1,
        PhysicalType.Int16 => 2,
        PhysicalType.Int32 or PhysicalType.Float => 4,
        PhysicalType.Int64 or PhysicalType.Double => 8,
        PhysicalType.Int128 or PhysicalType.Text or PhysicalType.List => 16,
        PhysicalType.Struct => 0,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
