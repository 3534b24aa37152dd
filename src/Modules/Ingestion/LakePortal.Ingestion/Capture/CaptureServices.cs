using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.MySql;
using LakePortal.Ingestion.Sources.Postgres;
using Microsoft.Extensions.Logging;

namespace LakePortal.Ingestion.Capture;

/// <summary>What captures work with.</summary>
internal sealed class CaptureServices(
    PostgresConnector connector, MySqlConnections mySql, SourceSystems systems, CaptureStore store, ChangeLander lander, TableFitter fitter, RefinedCatchUp catchUp, ILakeWriter writer, ITableCatalog catalog, ICaptureSteps steps, CaptureOptions options, TimeProvider clock,
    ILogger<SourceCapture> logger)
{
    public PostgresConnector Connector { get; } = connector;

    public MySqlConnections MySql { get; } = mySql;

    public SourceSystems Systems { get; } = systems;

    public CaptureStore Store { get; } = store;

    public ChangeLander Lander { get; } = lander;

    public TableFitter Fitter { get; } = fitter;

    public RefinedCatchUp CatchUp { get; } = catchUp;

    public ILakeWriter Writer { get; } = writer;

    public ITableCatalog Catalog { get; } = catalog;

    public ICaptureSteps Steps { get; } = steps;

    public CaptureOptions Options { get; } = options;

    public TimeProvider Clock { get; } = clock;

    public ILogger Logger { get; } = logger;
}
