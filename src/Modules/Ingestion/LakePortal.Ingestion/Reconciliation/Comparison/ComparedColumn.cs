using System.Globalization;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>
/// One column on both sides, in a common type in which equal values are equal and others are not. The source's values come through the decoders that
/// load them, so both sides hold what PostgreSQL sent, as the same types of the same engine.
/// </summary>
/// <param name="Plan">As the source sends it.</param>
/// <param name="Index">Its place in staged rows: <c>c0</c>, <c>c1</c>, …</param>
/// <param name="LakeType">Its type in the lake; null: the lake does not have it yet, which is a column of nulls.</param>
/// <param name="Type">DuckDB type in which both are compared.</param>
/// <param name="IsRetold">The source sends text because a value does not fit the lake's type: such values are losses, the others are compared as the lake's type.</param>
internal sealed record ComparedColumn(ColumnPlan Plan, int Index, IcebergType? LakeType, string Type, bool IsRetold)
{
    public string Name => Plan.LakeName;

    /// <summary>Its name in rows of the lake that were taken over, in the common type.</summary>
    public string Taken => string.Create(CultureInfo.InvariantCulture, $"l{Index}");

    public string Staged => string.Create(CultureInfo.InvariantCulture, $"c{Index}");

    /// <summary>The source's value.</summary>
    public string Source(string prefix = "") => IsRetold ? FromText($"{prefix}{Staged}") : Cast($"{prefix}{Staged}", Plan.StagingType);

    /// <summary>The lake's value.</summary>
    public string Lake(string prefix = "") => LakeType is null ? $"NULL::{Type}" : Cast($"{prefix}{PgSql.Quote(Name)}", DuckDbTypes.ToDuckDb(LakeType));

    /// <summary>A value out of a text as PostgreSQL prints it; null where it is none.</summary>
    public string Parsed(string text) => LakeType is PrimitiveType { Kind: PrimitiveKind.Binary or PrimitiveKind.Fixed } ? $"unhex(substr({text}, 3))" : FromText(text);

    // DuckDB reads a date and leaves out what follows it: a year before Christ would become one after.
    private string FromText(string text) => LakeType is PrimitiveType { Kind: PrimitiveKind.Date or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz }
        ? $"CASE WHEN {text} LIKE '% BC' THEN NULL ELSE TRY_CAST({text} AS {Type}) END"
        : $"TRY_CAST({text} AS {Type})";

    /// <summary>True where the source's value has no place in the lake's type.</summary>
    public string Loss(string prefix = "")
    {
        if (!IsRetold)
        {
            return "false";
        }

        var value = Source(prefix);
        var reach = LakeType is PrimitiveType { Kind: PrimitiveKind.Date or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz }
            ? $" OR NOT isfinite({value}) OR year({value}) NOT BETWEEN 1 AND 9999"
            : LakeType is PrimitiveType { Kind: PrimitiveKind.Time } ? $" OR {prefix}{Staged} = '24:00:00'" : "";
        return $"({prefix}{Staged} IS NOT NULL AND ({value} IS NULL{reach}))";
    }

    /// <summary>Everything by which two values may differ, for the source's rows. What the engine's hash and equality leave out is added: the sign of zero, nulls and lengths inside of lists.</summary>
    public IEnumerable<string> SourceTerms(string prefix = "") => IsRetold ? [.. Terms(Source(prefix), Plan.Type), Loss(prefix)] : Terms(Source(prefix), Plan.Type);

    /// <summary>The same terms for a value of the lake that is in the common type already.</summary>
    public IEnumerable<string> LakeTerms(string value) => IsRetold ? [.. Terms(value, LakeType ?? Plan.Type), "false"] : Terms(value, LakeType ?? Plan.Type);

    /// <summary>True where the values differ.</summary>
    /// <param name="source">Prefix of the staged source columns.</param>
    /// <param name="lake">The lake's value in the common type.</param>
    public string Differs(string source, string lake) =>
        "(" + string.Join(" OR ", SourceTerms(source).Zip(LakeTerms(lake)).Select(t => $"{t.First} IS DISTINCT FROM {t.Second}")) + ")";

    /// <summary>The value for people.</summary>
    public static string Text(string value, IcebergType type) => type is PrimitiveType { Kind: PrimitiveKind.Binary or PrimitiveKind.Fixed }
        ? $"'\\x' || lower(hex({value}))"
        : $"CAST({value} AS VARCHAR)";

    public bool IsOrdered => Plan.Type is PrimitiveType { Kind: not (PrimitiveKind.Boolean or PrimitiveKind.Binary or PrimitiveKind.Fixed or PrimitiveKind.Float or PrimitiveKind.Double) };

    /// <summary>Rows can be found and merged by it.</summary>
    public bool CanBeKey => LakeType is PrimitiveType { Kind: not (PrimitiveKind.Float or PrimitiveKind.Double) } && !IsRetold;

    private string Cast(string value, string from) => string.Equals(from.Replace(" ", "", StringComparison.Ordinal), Type.Replace(" ", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase) ? value : $"CAST({value} AS {Type})";

    private static IEnumerable<string> Terms(string value, IcebergType type)
    {
        yield return value;
        switch (type)
        {
            case PrimitiveType { Kind: PrimitiveKind.Float or PrimitiveKind.Double }:
                yield return $"(signbit({value}) AND NOT isnan({value}))";
                break;
            case ListType list:
                yield return $"len({value})";
                yield return $"list_transform({value}, lambda x: x IS NULL)";
                if (list.Element is PrimitiveType { Kind: PrimitiveKind.Float or PrimitiveKind.Double })
                {
                    yield return $"list_transform({value}, lambda x: signbit(x) AND NOT isnan(x))";
                }

                break;
            case MapType:
                yield return $"map_keys({value})";
                yield return $"map_values({value})";
                yield return $"cardinality({value})";
                yield return $"list_transform(map_values({value}), lambda x: x IS NULL)";
                break;
            default:
                break;
        }
    }
}
