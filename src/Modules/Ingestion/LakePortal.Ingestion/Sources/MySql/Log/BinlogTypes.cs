using System.IO.Compression;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>Numbers of types in the protocol.</summary>
internal static class BinlogTypes
{
    public const byte Tiny = 1, Short = 2, Long = 3, Float = 4, Double = 5, Timestamp = 7, LongLong = 8, Int24 = 9, Date = 10, Time = 11, DateTime = 12, Year = 13, NewDate = 14, VarChar = 15, Bit = 16,
        Timestamp2 = 17, DateTime2 = 18, Time2 = 19, CompressedBlob = 140, CompressedVarChar = 141, Json = 245, NewDecimal = 246, Enum = 247, Set = 248, Blob = 252, VarString = 253, String = 254, Geometry = 255;

    /// <summary>A column of the catalogs can be what the log has there.</summary>
    public static bool Fits(BinlogColumn logged, MySqlColumn column) => column.DataType switch
    {
        "tinyint" => logged.Type == Tiny,
        "smallint" => logged.Type == Short,
        "mediumint" => logged.Type == Int24,
        "int" or "integer" => logged.Type == Long,
        "bigint" => logged.Type == LongLong,
        "float" => logged.Type == Float,
        "double" or "real" => logged.Type == Double,
        "decimal" or "numeric" => logged.Type == NewDecimal && logged.Meta == ((column.Precision << 8) | column.Scale),
        "year" => logged.Type == Year,
        "date" => logged.Type is Date or NewDate,
        "datetime" => logged.Type == DateTime2 ? logged.Meta == column.Scale : logged.Type == DateTime && column.Scale == 0,
        "timestamp" => logged.Type == Timestamp2 ? logged.Meta == column.Scale : logged.Type == Timestamp && column.Scale == 0,
        "time" => logged.Type == Time2 ? logged.Meta == column.Scale : logged.Type == Time && column.Scale == 0,
        "bit" => logged.Type == Bit && (logged.Meta & 0xFF) + ((logged.Meta >> 8) * 8) == column.Precision,
        "enum" => logged.Type == String && logged.Meta >> 8 == Enum,
        "set" => logged.Type == String && logged.Meta >> 8 == Set,
        "char" or "binary" => logged.Type == String && logged.Meta >> 8 is not (Enum or Set),
        "varchar" or "varbinary" => logged.Type is VarChar or VarString,
        "json" => logged.Type is Json or Blob,
        "uuid" or "inet6" or "inet4" => logged.Type == String && logged.Meta == ((String << 8) | (column.DataType == "inet4" ? 4 : 16)),
        _ when MySqlTypes.IsSpatial(column) => logged.Type == Geometry,
        "tinytext" or "text" or "mediumtext" or "longtext" or "tinyblob" or "blob" or "mediumblob" or "longblob" => logged.Type == Blob,
        _ => false,
    };
}

/// <summary>Numbers and parts of events.</summary>
internal static class BinlogBytes
{
    /// <summary>Little-endian, of any length up to eight.</summary>
    public static ulong Number(ReadOnlySpan<byte> bytes, int length)
    {
        ulong value = 0;
        for (var i = length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    /// <summary>Big-endian, of any length up to eight.</summary>
    public static ulong Big(ReadOnlySpan<byte> bytes, int length)
    {
        ulong value = 0;
        for (var i = 0; i < length; i++)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    /// <summary>MariaDB's compression: a byte whose low bits say how many bytes the length has, the length, then zlib.</summary>
    public static byte[] Inflate(ReadOnlySpan<byte> compressed)
    {
        var bytes = compressed[0] & 7;
        var length = checked((int)Big(compressed[1..], bytes));
        using var source = new MemoryStream(compressed[(1 + bytes)..].ToArray());
        using var inflate = new ZLibStream(source, CompressionMode.Decompress);
        var result = new byte[length];
        inflate.ReadExactly(result);
        return result;
    }
}
