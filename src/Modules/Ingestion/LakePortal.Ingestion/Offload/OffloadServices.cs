using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;
using LakePortal.Kernel.Live;
using MediatR;

namespace LakePortal.Ingestion.Offload;

/// <summary>What runs work with.</summary>
internal sealed class OffloadServices(
    PostgresConnector connector, SourceSystems systems, ITableCatalog catalog, ILakeWriter writer, LakeTables tables, RefinedWriter refined, OffloadStore store, SyncStore syncs,
    OrphanFiles orphans, TableLoad loads, TableFitter fitter, CaptureOptions capture, IChangeFeed feed, IMediator mediator, IngestionOptions options, TimeProvider clock)
{
    public PostgresConnector Connector { get; } = connector;

    public SourceSystems Systems { get; } = systems;

    public ITableCatalog Catalog { get; } = catalog;

    public ILakeWriter Writer { get; } = writer;

    public LakeTables Tables { get; } = tables;

    public RefinedWriter Refined { get; } = refined;

    public OffloadStore Store { get; } = store;

    public SyncStore Syncs { get; } = syncs;

    public OrphanFiles Orphans { get; } = orphans;

    public TableLoad Loads { get; } = loads;

    public TableFitter Fitter { get; } = fitter;

    public CaptureOptions Capture { get; } = capture;

    public IngestionOptions Options { get; } = options;

    public TimeProvider Clock { get; } = clock;

    /// <summary>After a commit: the announcement is not part of it and is made even when the run is being cancelled.</summary>
    public async Task AnnounceAsync(TableIdentifier table, long? snapshotId)
    {
        feed.Publish("tables");
        feed.Publish($"table/{table}");
        await mediator.Publish(new TableChanged(table.ToString(), snapshotId), CancellationToken.None);
    }
}
