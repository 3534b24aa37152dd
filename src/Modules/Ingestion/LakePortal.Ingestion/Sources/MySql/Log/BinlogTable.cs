using System.Text;
using LakePortal.Ingestion.Capture.Reading;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <param name="Type">The protocol's number of the type.</param>
/// <param name="Meta">What the log says of it: a length, a precision, digits of a fraction.</param>
internal readonly record struct BinlogColumn(byte Type, int Meta);

/// <summary>A table as the log maps it before each change.</summary>
/// <param name="Names">Of the columns, where the server logs them (binlog_row_metadata = FULL); null: it does not.</param>
internal sealed record BinlogTable(string Schema, string Name, IReadOnlyList<BinlogColumn> Columns, IReadOnlyList<string>? Names)
{
    private const byte ColumnNames = 4;

    public string Display => $"{Schema}.{Name}";

    /// <summary>A TABLE_MAP event, behind its header.</summary>
    /// <param name="body">The event's body.</param>
    /// <param name="id">By which the changes that follow name the table.</param>
    public static BinlogTable Read(ReadOnlySpan<byte> body, out ulong id)
    {
        id = BinlogBytes.Number(body, 6);
        var rest = body[8..];
        var schema = ReadName(ref rest);
        var name = ReadName(ref rest);
        _ = Wire.PacketReader.Number(ref rest, out var count);
        var types = rest[..(int)count];
        rest = rest[(int)count..];
        _ = Wire.PacketReader.Bytes(ref rest, out var meta);
        rest = rest[(int)((count + 7) / 8)..];
        var columns = new BinlogColumn[count];
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = new BinlogColumn(types[i], Meta(types[i], ref meta));
        }

        return new BinlogTable(schema, name, columns, ReadNames(rest));
    }

    /// <summary>What follows the columns is made of parts: a byte for the kind, a length, and the part.</summary>
    private static List<string>? ReadNames(ReadOnlySpan<byte> rest)
    {
        while (rest.Length > 1)
        {
            var kind = rest[0];
            rest = rest[1..];
            _ = Wire.PacketReader.Bytes(ref rest, out var part);
            if (kind != ColumnNames)
            {
                continue;
            }

            var names = new List<string>();
            while (part.Length > 0)
            {
                _ = Wire.PacketReader.Bytes(ref part, out var name);
                names.Add(Encoding.UTF8.GetString(name));
            }

            return names;
        }

        return null;
    }

    /// <summary>Name of the schema and of the table in a TABLE_MAP event's body.</summary>
    public static (string Schema, string Name) ReadTable(ReadOnlySpan<byte> body)
    {
        var rest = body[8..];
        var schema = ReadName(ref rest);
        return (schema, ReadName(ref rest));
    }

    private static string ReadName(ref ReadOnlySpan<byte> rest)
    {
        var name = Encoding.UTF8.GetString(rest.Slice(1, rest[0]));
        rest = rest[(rest[0] + 2)..];
        return name;
    }

    private static int Meta(byte type, ref ReadOnlySpan<byte> meta)
    {
        var (length, isBig) = type switch
        {
            BinlogTypes.VarChar or BinlogTypes.Bit => (2, false),
            BinlogTypes.NewDecimal or BinlogTypes.String or BinlogTypes.Enum or BinlogTypes.Set or BinlogTypes.VarString => (2, true),
            BinlogTypes.Float or BinlogTypes.Double or BinlogTypes.Blob or BinlogTypes.Geometry or BinlogTypes.Json or BinlogTypes.Timestamp2 or BinlogTypes.DateTime2 or BinlogTypes.Time2
                or BinlogTypes.CompressedBlob => (1, false),
            BinlogTypes.CompressedVarChar => (2, false),
            _ => (0, false),
        };
        var value = length switch { 0 => 0, 1 => meta[0], _ => isBig ? (meta[0] << 8) | meta[1] : meta[0] | (meta[1] << 8) };
        meta = meta[length..];
        return value;
    }
}

/// <summary>A table between two changes of its definition: what the log maps, and the columns that it stands for.</summary>
/// <param name="Version">Null: the table is watched only for what its foreign keys do to others.</param>
/// <param name="Charsets">For each column what its texts are made of; null: bytes that are taken as they are.</param>
internal sealed record MappedTable(BinlogTable Logged, MySqlTable Source, TableVersion? Version, Relation? Relation, IReadOnlyList<Charset?> Charsets)
{
    public IReadOnlyList<MySqlColumn> Columns { get; } = [.. Source.Columns.Cast<MySqlColumn>()];

    /// <summary>The log's columns can be those of the table.</summary>
    public bool Fits => Logged.Columns.Count == Columns.Count && Logged.Columns.Zip(Columns).All(p => BinlogTypes.Fits(p.First, p.Second))
        && (Logged.Names is not { } names || names.SequenceEqual(Columns.Select(c => c.Name)));
}
