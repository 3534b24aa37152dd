using LakePortal.Kernel.Messaging;
using LakePortal.Serving.Contracts.Queries;
using MediatR;

namespace LakePortal.Serving.Contracts.Dashboards;

public sealed record DashboardSummary(string Name, string Title, string? Description, int Tiles);

[RequiresPermission(Permissions.DashboardsRead)]
public sealed record ListDashboards : IRequest<IReadOnlyList<DashboardSummary>>;

[RequiresPermission(Permissions.DashboardsRead)]
public sealed record GetDashboard(string Name) : IRequest<DashboardDetail>;

public sealed record DashboardDetail(DashboardSummary Summary, IReadOnlyList<DashboardTile> Tiles);

/// <param name="Chart"><c>line</c>, <c>bar</c>, <c>stacked-bar</c>, <c>pie</c>, <c>number</c>, <c>table</c>.</param>
/// <param name="X">Column of the category or time axis.</param>
/// <param name="Y">Columns of the values.</param>
/// <param name="Series">Column that splits one value column into series.</param>
/// <param name="Width">1 to 12 columns of the grid.</param>
public sealed record DashboardTile(
    string Name, string Title, string Chart, string Sql, string? X, IReadOnlyList<string> Y, string? Series, string? Unit, int Width);

/// <summary>Runs one tile's query as the caller.</summary>
[RequiresPermission(Permissions.DashboardsRead)]
public sealed record RenderTile(string Dashboard, string Tile) : IRequest<TileData>;

/// <param name="AsOf">Commit time of the oldest of the snapshots that were read.</param>
public sealed record TileData(QueryAnswer Answer, DateTimeOffset? AsOf);
