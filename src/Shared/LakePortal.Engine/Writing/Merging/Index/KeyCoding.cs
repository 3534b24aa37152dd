using System.Globalization;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing.Merging.Index;

/// <summary>
/// How the keys of one table become codes. Keys of fixed width of at most 16 bytes in all (whole numbers, decimals, dates, times, uuids, pairs of them)
/// are their own code; of all others the code is DuckDB's 64-bit hash, and what is found by it must be compared with the row.
/// </summary>
internal sealed class KeyCoding
{
    private const int MostBytes = 16;

    // DuckDB's hash may change with its version: what was made by another is made anew.
    private static readonly string EngineVersion = typeof(DuckDB.NET.Data.DuckDBConnection).Assembly.GetName().Version?.ToString() ?? "";

    private readonly IReadOnlyList<NestedField> _fields;

    private KeyCoding(IReadOnlyList<NestedField> fields, bool isExact, int width)
    {
        _fields = fields;
        IsExact = isExact;
        Width = width;
        Signature = string.Join(
            ',', fields.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Id} {DuckDbTypes.ToDuckDb(f.Type)}")).Append(isExact ? "exact" : $"hash {EngineVersion}"));
    }

    /// <summary>Equal codes mean equal keys.</summary>
    public bool IsExact { get; }

    /// <summary>Bytes of a code that are kept: 8 or 16.</summary>
    public int Width { get; }

    /// <summary>Names everything that the codes depend on.</summary>
    public string Signature { get; }

    public static KeyCoding Of(IReadOnlyList<NestedField> fields)
    {
        var sizes = fields.Select(f => Size((PrimitiveType)f.Type)).ToList();
        var exact = !sizes.Contains(null) && sizes.Sum() <= MostBytes;
        return new KeyCoding(fields, exact, exact && sizes.Sum() > sizeof(ulong) ? MostBytes : sizeof(ulong));
    }

    /// <summary>Select list of the code's parts.</summary>
    /// <param name="column">SQL of a key column, by its index in the key.</param>
    public string Columns(Func<int, string> column)
    {
        var columns = _fields.Select((f, i) => $"CAST({column(i)} AS {DuckDbTypes.ToDuckDb(f.Type)})");
        return IsExact ? string.Join(", ", columns) : $"CASE WHEN {string.Join(" AND ", columns.Select(c => $"{c} IS NOT NULL"))} THEN hash({string.Join(", ", columns)}) END";
    }

    /// <summary>Bytes of a value in DuckDB's vectors; null: of no fixed width.</summary>
    private static int? Size(PrimitiveType type) => type.Kind switch
    {
        PrimitiveKind.Boolean => 1,
        PrimitiveKind.Int or PrimitiveKind.Date => 4,
        PrimitiveKind.Long or PrimitiveKind.Time or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz => 8,
        PrimitiveKind.Uuid => 16,
        PrimitiveKind.Decimal => type.Precision switch { <= 4 => 2, <= 9 => 4, <= 18 => 8, _ => 16 },
        _ => null,
    };
}
