using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>What becomes of a table that follows its changes when its columns change in the source: <c>schema</c> of the sync's document.</summary>
internal static class SchemaPolicy
{
    /// <summary>The lake's tables change with the source's.</summary>
    public const string Evolve = "evolve";

    /// <summary>The lake's tables keep their columns: new ones of the source are left out; what would change the others holds the table.</summary>
    public const string Freeze = "freeze";

    /// <summary>Any change holds the table.</summary>
    public const string Hold = "hold";

    public static readonly string[] All = [Evolve, Freeze, Hold];

    /// <summary>Columns of the source that a frozen table leaves out: those that it has never had.</summary>
    public static IEnumerable<string> LeftOut(SyncDefinition sync, LandedTable? landed, SourceTable source) => sync.SchemaPolicy == Freeze && landed is { Columns.Count: > 0 }
        ? source.Columns.Where(c => landed.Columns.All(l => !IsSame(l, c, landed.Oid == source.Identity))).Select(c => c.Name)
        : [];

    /// <summary>What differs between the columns that were last taken and those that come, apart from their types.</summary>
    public static IReadOnlyList<string> Differences(LandedTable landed, TablePlan plan, SourceTable source)
    {
        var isSameTable = landed.Oid == source.Identity;
        var differences = new List<string>();
        foreach (var column in landed.Columns)
        {
            var now = plan.Columns.FirstOrDefault(c => IsSame(column, c.Source, isSameTable));
            if (now is null)
            {
                differences.Add($"{column.Source} is gone");
            }
            else if (now.Source.Name != column.Source)
            {
                differences.Add($"{column.Source} is called {now.Source.Name}");
            }
        }

        return [.. differences, .. plan.Columns.Where(c => landed.Columns.All(l => !IsSame(l, c.Source, isSameTable))).Select(c => $"{c.Source.Name} is new")];
    }

    // A number stands for a column under every name, but only within one table.
    private static bool IsSame(LandedColumn landed, SourceColumn column, bool isSameTable) =>
        isSameTable && landed.Number > 0 && column.Number > 0 ? landed.Number == column.Number : landed.Source == column.Name;
}
