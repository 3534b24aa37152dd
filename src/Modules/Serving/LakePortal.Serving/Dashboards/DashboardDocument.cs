using System.Text.Json.Nodes;
using LakePortal.Kernel.Configuration;
using LakePortal.Serving.Contracts.Dashboards;
using LakePortal.Serving.Storage;

namespace LakePortal.Serving.Dashboards;

internal enum Chart
{
    Line,
    Bar,
    StackedBar,
    Pie,
    Number,
    Table,
}

/// <summary><c>kind: dashboard</c> as it is written.</summary>
internal sealed record DashboardDocument(
    string Name, string? Title = null, string? Description = null, IReadOnlyList<TileDocument>? Tiles = null)
{
    public static DashboardDocument Read(DashboardRow row) => ConfigBinder.Bind<DashboardDocument>(
        new ConfigDocument("dashboard", JsonNode.Parse(row.Document)!.AsObject(), null, new Dictionary<string, TextPosition>()));

    public DashboardSummary Summary => new(Name, Title ?? Name, Description, Tiles?.Count ?? 0);
}

/// <param name="Y">One column, or a list of them.</param>
internal sealed record TileDocument(
    string Name, Chart Chart, string Sql, string? Title = null, string? X = null, JsonNode? Y = null, string? Series = null, string? Unit = null,
    int Width = 6)
{
    /// <summary>Null when it is neither a text nor a list of texts.</summary>
    public IReadOnlyList<string>? Columns => Y switch
    {
        null => [],
        JsonValue value when value.TryGetValue(out string? one) => [one],
        JsonArray many when many.All(m => m is JsonValue v && v.TryGetValue(out string? _)) => [.. many.Select(m => (string)m!)],
        _ => null,
    };

    public DashboardTile ToTile() => new(
        Name, Title ?? Name,
        Chart switch { Chart.StackedBar => "stacked-bar", _ => Chart.ToString().ToLowerInvariant() },
        Sql, X, Columns ?? [], Series, Unit, Width);
}
