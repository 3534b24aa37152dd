using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.TestConnection;
using MediatR;

namespace LakePortal.Ingestion.Sources.Discovery;

internal sealed class DiscoverSourceHandler(SourceStore store, SourceSystems systems) : IRequestHandler<DiscoverSource, IReadOnlyList<DiscoveredTable>>
{
    public async Task<IReadOnlyList<DiscoveredTable>> Handle(DiscoverSource request, CancellationToken cancellationToken)
    {
        var source = await TestConnectionHandler.SourceOf(request.Source, store, cancellationToken);
        var system = systems.For(source);
        var tables = await system.ReadTablesAsync(source, cancellationToken);
        var obstacle = await system.FindObstacleAsync(source, cancellationToken);
        return [.. tables.Select(t => Describe(t, obstacle?.Message))];
    }

    private static DiscoveredTable Describe(SourceTable table, string? obstacle)
    {
        // A table of which all columns were dropped is still shown.
        var plan = table.Columns.Count == 0 ? null : TablePlan.For(table, ColumnChoices.None);
        var columns = plan?.Columns.Select(c => new DiscoveredColumn(c.Source.Name, c.Source.DisplayType, c.LakeType, !c.Source.NotNull, c.Source.IsGenerated, c.Note)).ToList() ?? [];
        var (mode, reason) = table.CanRead ? ModeAdvisor.Suggest(table, obstacle) : ("batch", "The user may not read it: GRANT SELECT first.");
        return new DiscoveredTable(table.Schema, table.Name, table.KindName, table.Rows, table.Bytes, table.Key, columns, mode, reason);
    }
}
