using LakePortal.Kernel.Errors;
using LakePortal.Serving.Contracts.Dashboards;
using LakePortal.Serving.Storage;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Serving.Dashboards;

internal sealed class ListDashboardsHandler(IDbContextFactory<ServingDbContext> databases)
    : IRequestHandler<ListDashboards, IReadOnlyList<DashboardSummary>>
{
    public async Task<IReadOnlyList<DashboardSummary>> Handle(ListDashboards request, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Dashboards.AsNoTracking().ToListAsync(cancellationToken);
        return [.. rows.OrderBy(d => d.Name, StringComparer.Ordinal).Select(d => DashboardDocument.Read(d).Summary)];
    }
}

internal sealed class GetDashboardHandler(IDbContextFactory<ServingDbContext> databases) : IRequestHandler<GetDashboard, DashboardDetail>
{
    public async Task<DashboardDetail> Handle(GetDashboard request, CancellationToken cancellationToken)
    {
        var dashboard = await DashboardLookup.FindAsync(databases, request.Name, cancellationToken);
        return new DashboardDetail(dashboard.Summary, [.. (dashboard.Tiles ?? []).Select(t => t.ToTile())]);
    }
}

internal sealed class RenderTileHandler(IDbContextFactory<ServingDbContext> databases, TileRenderer renderer) : IRequestHandler<RenderTile, TileData>
{
    public async Task<TileData> Handle(RenderTile request, CancellationToken cancellationToken)
    {
        var dashboard = await DashboardLookup.FindAsync(databases, request.Dashboard, cancellationToken);
        var tile = (dashboard.Tiles ?? []).FirstOrDefault(t => t.Name == request.Tile)
            ?? throw new ObjectNotFoundException("tile", request.Tile, $"The dashboard has {string.Join(", ", (dashboard.Tiles ?? []).Select(t => t.Name))}.");
        return await renderer.RenderAsync(tile.Sql, cancellationToken);
    }
}

internal static class DashboardLookup
{
    public static async Task<DashboardDocument> FindAsync(IDbContextFactory<ServingDbContext> databases, string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Dashboards.AsNoTracking().SingleOrDefaultAsync(d => d.Name == name, cancellationToken)
            ?? throw new ObjectNotFoundException("dashboard", name);
        return DashboardDocument.Read(row);
    }
}
