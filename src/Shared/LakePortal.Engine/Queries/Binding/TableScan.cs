using LakePortal.Engine.Queries.Analysis;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>What is needed to write the scan of one table occurrence as SQL.</summary>
/// <param name="Table">The table at the version pinned for the statement.</param>
/// <param name="Plan">Live files that may matter.</param>
/// <param name="Columns">Columns that the statement reads.</param>
/// <param name="AllColumns">Every column of the schema read.</param>
/// <param name="Policy">Row filter and masks in force; null: none.</param>
internal sealed record TableScan(
    Table Table, ScanPlan Plan, IReadOnlyList<ExposedColumn> Columns, IReadOnlyList<ExposedColumn> AllColumns, ScanPolicy? Policy)
{
    /// <summary>The columns that must come out of the files: those of the statement and those that filter and masks look at.</summary>
    public IReadOnlyList<ExposedColumn> ReadColumns { get; } =
        Policy is null ? Columns : [.. AllColumns.Where(c => Columns.Contains(c) || Policy.Reads.Contains(c.Name))];

    /// <summary>Definitions of fields by id, dropped ones included: old equality deletes still speak of them.</summary>
    public NestedField? FindField(int id) =>
        Plan.Schema.FindById(id) ?? Table.Metadata.Schemas.Reverse().Select(s => s.FindById(id)).FirstOrDefault(f => f is not null);
}

/// <summary>Row filter and masks as checked SQL.</summary>
/// <param name="RowFilter">Condition; null: none.</param>
/// <param name="Masks">Expressions by column name.</param>
/// <param name="Reads">Names of the columns that they look at.</param>
internal sealed record ScanPolicy(string? RowFilter, IReadOnlyDictionary<string, string> Masks, IReadOnlySet<string> Reads)
{
    /// <summary>The row filter's parse tree, for pruning.</summary>
    public System.Text.Json.Nodes.JsonObject? FilterTree { get; init; }
}
