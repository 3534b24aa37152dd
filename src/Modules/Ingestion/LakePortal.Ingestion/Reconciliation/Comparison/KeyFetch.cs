using System.Globalization;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>
/// Reads rows by their keys. The source may find more rows than were asked for (its equality may ignore case or trailing zeros); whoever takes them
/// compares keys again.
/// </summary>
internal static class KeyFetch
{
    /// <summary>Beyond it, reading everything is cheaper than naming every key.</summary>
    public const int MostKeys = 50_000;

    private const int KeysPerCopy = 2_000;

    /// <summary>Types of which a value's text finds the value again, with operators that need no search path.</summary>
    private static readonly HashSet<string> Findable =
    [
        "bool", "int2", "int4", "int8", "oid", "numeric", "uuid", "date", "time", "timestamp", "timestamptz", "text", "varchar", "bpchar", "name", "bytea", "inet", "cidr", "macaddr",
    ];

    public static bool IsPossible(ComparedTable table) => table.HasKey && table.Key.All(k => IsFindable(k.Plan, table.Source));

    /// <param name="table">Table.</param>
    /// <param name="keys">Texts of the key values.</param>
    public static IReadOnlyList<string> Copies(ComparedTable table, IReadOnlyList<IReadOnlyList<string>> keys)
    {
        var columns = string.Join(", ", table.Plan.Columns.Select(c => c.Select));
        var left = string.Join(", ", table.Key.Select(k => PgSql.Quote(k.Plan.Source.Name)));
        var names = string.Join(", ", table.Key.Select((_, i) => Name(i)));
        var right = string.Join(", ", table.Key.Select((k, i) => $"{Name(i)}::{k.Plan.Source.DisplayType}"));
        return
        [
            .. keys.Chunk(KeysPerCopy).Select(chunk =>
            {
                var values = string.Join(", ", chunk.Select(k => $"({string.Join(", ", k.Select(v => PgSql.Literal(v) + "::text"))})"));
                return $"COPY (SELECT {columns} FROM {table.Source.Sql} WHERE ({left}) IN (SELECT {right} FROM (VALUES {values}) AS lakeportal_keys({names}))) TO STDOUT (FORMAT binary)";
            }),
        ];
    }

    private static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"lakeportal_k{index}");

    private static bool IsFindable(ColumnPlan column, PgTable table)
    {
        if (column.Decoder is HashDecoder)
        {
            return false;
        }

        var type = table.Types[((PgColumn)column.Source).TypeOid];
        while (type.Kind == 'd')
        {
            type = table.Types[type.BaseOid];
        }

        return type.Kind == 'e' || (type is { Schema: "pg_catalog", Kind: 'b' } && Findable.Contains(type.Name));
    }
}
