using System.Text.Json.Nodes;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Queries.Pruning;

/// <summary>
/// Computes the constants that columns are compared with, as values of the column's own type. All constants of a statement are computed in
/// one go by DuckDB itself; one that is not exactly representable in the column's type, or compares by other rules, comes out as null.
/// </summary>
internal sealed class Constants(SqlParser parser)
{
    private readonly List<(JsonObject Expression, PrimitiveType Type)> _slots = [];
    private IReadOnlyList<object?>? _values;

    /// <summary>Registers an expression; null when it is not a constant that may be computed ahead.</summary>
    public int? Add(JsonObject expression, PrimitiveType type)
    {
        if (OutputFor(type, "x") is null || !ConstantCheck.IsPure(expression))
        {
            return null;
        }

        _slots.Add((expression, type));
        return _slots.Count - 1;
    }

    public object? ValueOf(int slot) => (_values ??= Compute())[slot];

    private object?[] Compute()
    {
        var values = new object?[_slots.Count];
        if (_slots.Count == 0)
        {
            return values;
        }

        var row = parser.TryEvaluate(Sql(_slots)) ?? [];
        for (var i = 0; i < _slots.Count; i++)
        {
            // One constant that fails (a bad date, say) must not cost the others their use.
            var cells = row.Count > 0 ? row.Skip(i * 3).Take(3).ToList() : parser.TryEvaluate(Sql([_slots[i]])) ?? [];
            values[i] = cells.Count == 3 && cells[2] is true && cells[1] is { } value && Comparable(_slots[i], (string)cells[0]!)
                ? ConstantValues.ToIceberg(value, _slots[i].Type)
                : null;
        }

        return values;
    }

    private string Sql(IReadOnlyList<(JsonObject Expression, PrimitiveType Type)> slots)
    {
        var inner = parser.ToSql(SqlNodes.Select(slots.Select(s => SqlNodes.Unnamed(s.Expression))));
        var names = slots.Select((_, i) => FormattableString.Invariant($"c{i}")).ToList();
        var outer = slots.Select((s, i) =>
            $"typeof({names[i]}), {OutputFor(s.Type, $"TRY_CAST({names[i]} AS {ScanTypes.Sql(s.Type)})")}, {names[i]} = TRY_CAST({names[i]} AS {ScanTypes.Sql(s.Type)})");
        return $"SELECT {string.Join(", ", outer)} FROM ({inner}) AS t({string.Join(", ", names)})";
    }

    /// <summary>How the value is handed over; null for types that are not pruned by.</summary>
    private static string? OutputFor(PrimitiveType type, string cast) => type.Kind switch
    {
        PrimitiveKind.Boolean or PrimitiveKind.Int or PrimitiveKind.Long or PrimitiveKind.Float or PrimitiveKind.Double or PrimitiveKind.String => cast,
        PrimitiveKind.Decimal or PrimitiveKind.Uuid => $"({cast})::VARCHAR",
        PrimitiveKind.Date => $"CASE WHEN isfinite({cast}) THEN ({cast}) - DATE '1970-01-01' END",
        PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz => $"CASE WHEN isfinite({cast}) THEN epoch_us({cast}) END",
        _ => null,
    };

    /// <summary>
    /// Whether DuckDB compares a column of this type with a constant of that type by the column's own order. It compares numbers as DOUBLE
    /// when either is one, and text with a number as numbers.
    /// </summary>
    private static bool Comparable((JsonObject Expression, PrimitiveType Type) slot, string constantType)
    {
        var family = constantType.Split('(')[0];
        var isInteger = family is "TINYINT" or "SMALLINT" or "INTEGER" or "BIGINT" or "HUGEINT" or "UTINYINT" or "USMALLINT" or "UINTEGER" or "UBIGINT";
        var isLiteral = family == "VARCHAR" && slot.Expression.Text("class") == "CONSTANT";
        return slot.Type.Kind switch
        {
            PrimitiveKind.Boolean => family == "BOOLEAN",
            PrimitiveKind.Int or PrimitiveKind.Long or PrimitiveKind.Decimal => isInteger || isLiteral || family == "DECIMAL",
            PrimitiveKind.Float => isInteger || isLiteral || family is "DECIMAL" or "FLOAT",
            PrimitiveKind.Double => isInteger || isLiteral || family is "DECIMAL" or "FLOAT" or "DOUBLE",
            PrimitiveKind.Date => isLiteral || family is "DATE" or "TIMESTAMP",
            PrimitiveKind.Timestamp => isLiteral || family is "DATE" or "TIMESTAMP",
            PrimitiveKind.TimestampTz => isLiteral || family is "DATE" or "TIMESTAMP" or "TIMESTAMP WITH TIME ZONE",
            PrimitiveKind.String => family == "VARCHAR",
            PrimitiveKind.Uuid => isLiteral || family == "UUID",
            _ => false,
        };
    }
}
