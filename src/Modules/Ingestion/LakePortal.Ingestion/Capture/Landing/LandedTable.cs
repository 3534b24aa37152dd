using System.Text.Json;
using LakePortal.Ingestion.Offload.Mapping;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>A column as it was last landed: by its number in the source it is recognised under another name.</summary>
/// <param name="Name">In the lake.</param>
/// <param name="Source">In the source, then.</param>
internal sealed record LandedColumn(short Number, string Name, string Source)
{
    /// <summary>Names that it was about to get in the lake: a process that ended in between has given them in one table and not in the other. Null: none.</summary>
    public IReadOnlyList<string>? Also { get; init; }

    public IEnumerable<string> Names => [Name, .. Also ?? []];
}

/// <summary>The source's table as the lake last had it. Kept in the control database, since what changed meanwhile must be noticed after a restart as well.</summary>
/// <param name="Oid">A table that was dropped and made again has another.</param>
/// <param name="Heaps">The files of its rows; null: unknown, as after a truncation.</param>
/// <param name="Definition">Changes whenever a column is altered.</param>
internal sealed record LandedTable(uint Oid, string? Heaps, string? Definition, IReadOnlyList<LandedColumn> Columns)
{
    /// <summary>What its columns were over the part of the log that is still to be read, for sources whose log does not say; null: it does.</summary>
    public string? Versions { get; init; }

    public static LandedTable? Parse(string? json) => json is null ? null : JsonSerializer.Deserialize<LandedTable>(json);

    public static IReadOnlyList<LandedColumn> Of(TablePlan plan) => [.. plan.Columns.Where(c => c.Source.Number > 0).Select(c => new LandedColumn(c.Source.Number, c.LakeName, c.Source.Name))];

    public bool Has(short number) => Columns.Any(c => c.Number == number);

    public string ToJson() => JsonSerializer.Serialize(this);
}
