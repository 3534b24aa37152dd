using System.Globalization;
using LakePortal.Engine.Writing.Compaction;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Kernel.Live;
using LakePortal.Serving.Contracts.Tables;
using MediatR;

namespace LakePortal.Serving.Tables.Maintenance;

internal sealed class CompactTableHandler(TableLoader loader, ITableCompactor compactor, CompactionOptions options, IChangeFeed feed) : IRequestHandler<CompactTable, TableCompactionResult>
{
    public async Task<TableCompactionResult> Handle(CompactTable request, CancellationToken cancellationToken)
    {
        var table = (await loader.LoadAsync(request.Namespace, request.Name, cancellationToken)).Identifier;
        var rules = options.Rules(byHand: true);
        if (request.DryRun)
        {
            var would = await compactor.ForecastAsync(table, rules, cancellationToken);
            return new TableCompactionResult(would.DataFiles, would.DeleteFiles, would.NewFiles, would.Rows, would.Bytes, null, 0, would.Manifests, null, DryRun: true);
        }

        var done = await compactor.CompactAsync(table, rules, cancellationToken);
        feed.Publish("tables");
        feed.Publish($"table/{table}");
        return new TableCompactionResult(
            done.DataFiles, done.DeleteFiles, done.NewFiles, done.Rows, done.Bytes, done.NewBytes, done.FilesLeft, done.Manifests, done.SnapshotId?.ToString(CultureInfo.InvariantCulture), DryRun: false);
    }
}

internal sealed class RewriteManifestsHandler(TableLoader loader, ITableCompactor compactor, IChangeFeed feed) : IRequestHandler<RewriteManifests, ManifestRewriteResult>
{
    public async Task<ManifestRewriteResult> Handle(RewriteManifests request, CancellationToken cancellationToken)
    {
        var table = await loader.LoadAsync(request.Namespace, request.Name, cancellationToken);
        if (request.DryRun)
        {
            return table.IsReadOnly
                ? throw new TableReadOnlyException(table.Identifier)
                : new ManifestRewriteResult((await table.PlanScanAsync(SnapshotSelector.Current, null, cancellationToken)).Statistics.ManifestsTotal, null, DryRun: true);
        }

        var (before, after) = await compactor.RewriteManifestsAsync(table.Identifier, cancellationToken);
        feed.Publish($"table/{table.Identifier}");
        return new ManifestRewriteResult(before, after, DryRun: false);
    }
}

internal sealed class RemoveOrphansHandler(TableLoader loader, TableOrphans orphans) : IRequestHandler<RemoveOrphans, OrphanRemovalResult>
{
    public async Task<OrphanRemovalResult> Handle(RemoveOrphans request, CancellationToken cancellationToken) =>
        await orphans.RunAsync((await loader.LoadAsync(request.Namespace, request.Name, cancellationToken)).Identifier, request.DryRun, cancellationToken);
}
