using System.Globalization;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>A source's table and its refined table, column by column.</summary>
/// <param name="Columns">What is compared.</param>
/// <param name="Key">Columns that identify a row; empty: rows are compared as a bag.</param>
/// <param name="Notes">What is not compared, and why.</param>
/// <param name="HasLostColumns">Columns whose values cannot be compared because the lake's type cannot hold the source's: both cannot be equal.</param>
internal sealed record ComparedTable(
    PgTable Source, TablePlan Plan, IReadOnlyList<ComparedColumn> Columns, IReadOnlyList<ComparedColumn> Key, IReadOnlyList<string> Notes, bool HasLostColumns)
{
    /// <summary>The plan by which a load would write the rows: typed as the lake is, also where values are compared as texts.</summary>
    public required TablePlan LakePlan { get; init; }

    public bool HasKey => Key.Count > 0;

    public string SourceHash => $"hash({string.Join(", ", Columns.SelectMany(c => c.SourceTerms()))})";

    public string LakeHash => $"hash({string.Join(", ", Columns.SelectMany(c => c.LakeTerms(c.Lake())))})";

    /// <summary>Columns that the lake has, by name.</summary>
    public IReadOnlyList<string> LakeNames => [.. Columns.Where(c => c.LakeType is not null).Select(c => c.Name)];

    public static string KeyName(int index) => string.Create(CultureInfo.InvariantCulture, $"k{index}");

    public string KeyNames(string prefix = "") => string.Join(", ", Key.Select((_, i) => prefix + KeyName(i)));

    public string SourceKey(string prefix = "") => string.Join(", ", Key.Select((c, i) => $"{c.Source(prefix)} AS {KeyName(i)}"));

    public string LakeKey(string prefix = "") => string.Join(", ", Key.Select((c, i) => $"{c.Lake(prefix)} AS {KeyName(i)}"));

    /// <summary>The plan by which a table is to be read so that it meets the lake's columns: what is text in the lake is read as text.</summary>
    /// <param name="retold">Columns whose values do not fit the lake's type, with the reason.</param>
    public static ColumnChoices Choices(ColumnChoices choices, TablePlan plan, Schema lake, IReadOnlyDictionary<string, string> retold)
    {
        var text = new Dictionary<string, string>(choices.Text, StringComparer.Ordinal);
        foreach (var column in plan.Columns.Where(c => !c.IsText && lake.Find(c.LakeName)?.Type is PrimitiveType { Kind: PrimitiveKind.String }))
        {
            text[column.Source.Name] = "text in the lake";
        }

        foreach (var (column, why) in retold)
        {
            text[column] = why;
        }

        return choices with { Text = text };
    }

    public static ComparedTable Of(PgTable source, TablePlan plan, TablePlan lakePlan, Schema lake, IReadOnlyList<string> key, IReadOnlyDictionary<string, string> retold)
    {
        var notes = new List<string>();
        var columns = new List<ComparedColumn>();
        var lost = false;
        foreach (var (column, index) in plan.Columns.Select((c, i) => (c, i)))
        {
            var type = lake.Find(column.LakeName)?.Type;
            var isRetold = retold.TryGetValue(column.Source.Name, out var reason) && type is not null and not PrimitiveType { Kind: PrimitiveKind.String };
            var common = type is null ? column.StagingType : isRetold ? (type is PrimitiveType ? DuckDbTypes.ToDuckDb(type) : null) : CommonType(column, type);
            if (type is null)
            {
                notes.Add($"The lake has no column {column.LakeName} yet: it is compared as a column of nulls.");
            }

            if (common is null)
            {
                lost = true;
                notes.Add($"Column {column.LakeName} is not compared: it is {TypeNames.Display(type!)} in the lake and {column.Source.DisplayType} in the source{(reason is null ? "" : $", and {reason}")}.");
                continue;
            }

            if (isRetold)
            {
                notes.Add($"Column {column.LakeName} is {TypeNames.Display(type!)} in the lake, which cannot hold all values of the source: {reason}.");
            }

            columns.Add(new ComparedColumn(column, index, type, common, isRetold));
        }

        notes.AddRange(lake.Fields.Where(f => plan.Columns.All(c => c.LakeName != f.Name)).Select(f => $"Column {f.Name} of the lake is not compared: the source does not have it, or the sync leaves it out."));
        var keys = key.Select(k => columns.FirstOrDefault(c => c.Name == k)).ToList();
        var usable = keys.Count > 0 && keys.All(k => k is { CanBeKey: true });
        if (!usable && key.Count > 0)
        {
            notes.Add($"The key ({string.Join(", ", key)}) has a column that rows cannot be found by: rows are compared as a whole.");
        }

        return new ComparedTable(source, plan, columns, usable ? [.. keys.Select(k => k!)] : [], notes, lost) { LakePlan = lakePlan };
    }

    /// <returns>Null: values of the two types are never equal.</returns>
    private static string? CommonType(ColumnPlan column, IcebergType lake)
    {
        if (TypeNames.Display(column.Type) == TypeNames.Display(lake))
        {
            return DuckDbTypes.ToDuckDb(lake);
        }

        return (column.Type, lake) switch
        {
            (PrimitiveType { Kind: PrimitiveKind.Int or PrimitiveKind.Long }, PrimitiveType { Kind: PrimitiveKind.Int or PrimitiveKind.Long }) => "BIGINT",
            (PrimitiveType { Kind: PrimitiveKind.Float or PrimitiveKind.Double }, PrimitiveType { Kind: PrimitiveKind.Float or PrimitiveKind.Double }) => "DOUBLE",
            (PrimitiveType a, PrimitiveType b) when Digits(a) is { } left && Digits(b) is { } right => Decimal(left, right),
            _ => null,
        };
    }

    private static (int Whole, int Scale)? Digits(PrimitiveType type) => type.Kind switch
    {
        PrimitiveKind.Int => (10, 0),
        PrimitiveKind.Long => (19, 0),
        PrimitiveKind.Decimal => (type.Precision - type.Scale, type.Scale),
        _ => null,
    };

    private static string? Decimal((int Whole, int Scale) a, (int Whole, int Scale) b)
    {
        var (whole, scale) = (Math.Max(a.Whole, b.Whole), Math.Max(a.Scale, b.Scale));
        return whole + scale > 38 ? null : string.Create(CultureInfo.InvariantCulture, $"DECIMAL({whole + scale},{scale})");
    }
}
