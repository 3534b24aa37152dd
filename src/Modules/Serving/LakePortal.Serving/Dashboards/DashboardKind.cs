using System.Text.Json.Nodes;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Messaging;
using LakePortal.Serving.Queries.Saved;
using LakePortal.Serving.Storage;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Serving.Dashboards;

/// <summary><c>kind: dashboard</c>.</summary>
internal sealed class DashboardKind(
    IDbContextFactory<ServingDbContext> databases, StatementCheck check, IChangeFeed feed, TimeProvider time) : IConfigurationKind
{
    public string Kind => "dashboard";

    public int Order => 40;

    public string WritePermission => Permissions.DashboardsWrite;

    public string ReadPermission => Permissions.DashboardsRead;

    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var dashboard = ConfigBinder.Bind<DashboardDocument>(document);
        var faults = new List<InputFault>(ConfigNames.Check(document, "name", dashboard.Name, "a dashboard"));
        var tiles = dashboard.Tiles ?? [];
        if (tiles.Count == 0)
        {
            faults.Add(ConfigBinder.Fault(document, "tiles", "A dashboard needs at least one tile.", "Add 'tiles:' with a '- name: …' in it."));
        }

        var missing = new List<MissingTable>();
        for (var i = 0; i < tiles.Count; i++)
        {
            var path = $"tiles[{i}]";
            faults.AddRange(CheckTile(document, path, tiles, i));
            faults.AddRange(await check.FindFaultsAsync(document, $"{path}.sql", tiles[i].Sql, missing, cancellationToken));
        }

        return faults.Count == 0
            ? [ConfigDiff.Plan(Kind, dashboard.Name, await ExportAsync(dashboard.Name, cancellationToken), ConfigBinder.ToJson(dashboard)) with { Traffic = new TableTraffic(Kind, dashboard.Name) { Missing = missing } }]
            : throw ConfigBinder.Invalid(document, faults);
    }

    public async Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var dashboard = ConfigBinder.Bind<DashboardDocument>(document);
        var json = ConfigBinder.ToJson(dashboard).ToJsonString();
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Dashboards.SingleOrDefaultAsync(d => d.Name == dashboard.Name, cancellationToken);
        if (row is null)
        {
            row = new DashboardRow { Name = dashboard.Name, Document = json, UpdatedAt = time.GetUtcNow() };
            database.Add(row);
        }

        row.Document = json;
        row.UpdatedAt = time.GetUtcNow();
        await database.SaveChangesAsync(cancellationToken);
        feed.Publish("dashboards");
    }

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var names = await database.Dashboards.Select(d => d.Name).ToListAsync(cancellationToken);
        return [.. names.Order(StringComparer.Ordinal)];
    }

    public async Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Dashboards.AsNoTracking().SingleOrDefaultAsync(d => d.Name == name, cancellationToken) is { } row
            ? JsonNode.Parse(row.Document)!.AsObject()
            : null;
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.Dashboards.Where(d => d.Name == name).ExecuteDeleteAsync(cancellationToken);
        feed.Publish("dashboards");
    }

    private static IEnumerable<InputFault> CheckTile(ConfigDocument document, string path, IReadOnlyList<TileDocument> tiles, int index)
    {
        var tile = tiles[index];
        foreach (var fault in ConfigNames.Check(document, $"{path}.name", tile.Name, "a tile"))
        {
            yield return fault;
        }

        if (tiles.Take(index).Any(t => t.Name == tile.Name))
        {
            yield return ConfigBinder.Fault(document, $"{path}.name", $"There are two tiles named '{tile.Name}'.", "Give each tile its own name.");
        }

        if (tile.Width is < 1 or > 12)
        {
            yield return ConfigBinder.Fault(document, $"{path}.width", "'width' must be between 1 and 12 columns.", null);
        }

        if (tile.Columns is not { } columns)
        {
            yield return ConfigBinder.Fault(document, $"{path}.y", "'y' must be a column or a list of columns.", "Write y: revenue, or y: [revenue, orders].");
            yield break;
        }

        var isPlotted = tile.Chart is Chart.Line or Chart.Bar or Chart.StackedBar or Chart.Pie;
        if (isPlotted && tile.X is null)
        {
            yield return ConfigBinder.Fault(document, $"{path}.x", "This chart needs 'x': the column of its categories or times.", "Name a column of the query.");
        }

        if ((isPlotted || tile.Chart == Chart.Number) && columns.Count == 0)
        {
            yield return ConfigBinder.Fault(document, $"{path}.y", "This chart needs 'y': the column of its values.", "Name a column of the query.");
        }

        if (tile.Series is not null && columns.Count > 1)
        {
            yield return ConfigBinder.Fault(document, $"{path}.series", "'series' splits one value column, but 'y' names several.", "Keep one of the two.");
        }
    }
}
