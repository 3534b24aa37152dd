using LakePortal.Engine.Queries;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Serving.Contracts.Tables;
using MediatR;

namespace LakePortal.Serving.Tables.Listing;

internal sealed class ListTablesHandler(TableLoader loader, ITableCatalog catalog) : IRequestHandler<ListTables, IReadOnlyList<TableSummary>>
{
    // Metadata files are small and mostly cached; more at once only makes them wait for each other.
    private const int AtOnce = 8;

    public async Task<IReadOnlyList<TableSummary>> Handle(ListTables request, CancellationToken cancellationToken)
    {
        var wanted = (await loader.ListAsync(request.Namespace, cancellationToken))
            .Where(t => request.Contains is null || t.ToString().Contains(request.Contains, StringComparison.OrdinalIgnoreCase))
            .ToList();
        var summaries = new TableSummary?[wanted.Count];
        await Parallel.ForAsync(
            0, wanted.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (index, token) =>
            {
                // Null: dropped since it was listed.
                summaries[index] = await catalog.FindAsync(wanted[index], token) is { } table ? Summaries.Summarise(table) : null;
            });
        return [.. summaries.OfType<TableSummary>()];
    }
}

internal sealed class GetTableHandler(TableLoader loader, IFileIO files) : IRequestHandler<GetTable, TableDetail>
{
    public async Task<TableDetail> Handle(GetTable request, CancellationToken cancellationToken)
    {
        var table = await loader.LoadAsync(request.Namespace, request.Name, cancellationToken);
        var plan = await table.PlanScanAsync(SnapshotSelector.Current, null, cancellationToken);
        var metadataBytes = await files.LengthAsync(table.ResolveLocation(table.MetadataLocation), cancellationToken);
        return new TableDetail(
            Summaries.Summarise(table),
            table.Metadata.TableUuid,
            table.Metadata.FormatVersion,
            table.Metadata.Location,
            table.MetadataLocation,
            Summaries.Columns(table),
            Summaries.Key(table),
            Summaries.PartitionBy(table),
            table.Metadata.Properties,
            Summaries.Snapshots(table),
            Summaries.Refs(table),
            TableHealthRules.Judge(table, plan, metadataBytes));
    }
}
