using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.DeadLetters;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Reconciling;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Capture.Status;
using System.ComponentModel.DataAnnotations;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Reconciliation;
using LakePortal.Ingestion.Reconciliation.Repair;
using LakePortal.Ingestion.Reconciliation.Running;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.MySql;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Store;
using LakePortal.Ingestion.Syncs;
using LakePortal.Ingestion.Syncs.Status;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Persistence;
using LakePortal.Kernel.Scheduling;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LakePortal.Ingestion;

/// <summary>Sources, and the syncs that bring their tables into the lake.</summary>
public sealed class IngestionModule : IModule
{
    public string Name => "ingestion";

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddLakePortalWriter();
        services.AddModuleDb<IngestionDbContext>(Name);
        var options = configuration.GetSection(IngestionOptions.SectionName).Get<IngestionOptions>() ?? new IngestionOptions();
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        services.AddSingleton(options);

        services.AddSingleton<PostgresConnector>();
        services.AddSingleton<MySqlConnections>();
        services.AddSingleton<SourceSystem, PostgresSystem>();
        services.AddSingleton<SourceSystem, MySqlSystem>();
        services.AddSingleton<SourceSystems>();
        services.AddSingleton<SourceStore>();
        services.AddTransient<IConfigurationKind, SourceKind>();

        services.AddSingleton<SyncStore>();
        services.AddSingleton<SyncTurns>();
        services.AddSingleton<SyncResolver>();
        services.AddSingleton<HashKeys>();
        services.AddSingleton<SyncRunner>();
        services.AddHostedService(p => p.GetRequiredService<SyncRunner>());
        services.AddTransient<IConfigurationKind, SyncKind>();
        services.AddScheduledJob<SyncJob>(SyncJob.Name);

        var capture = configuration.GetSection(CaptureOptions.SectionName).Get<CaptureOptions>() ?? new CaptureOptions();
        Validator.ValidateObject(capture, new ValidationContext(capture), validateAllProperties: true);
        services.AddSingleton(capture);
        services.AddSingleton<CaptureRegistry>();
        services.AddSingleton<CaptureStore>();
        services.AddSingleton<DeadLetterTable>();
        services.AddSingleton<DeadRows>();
        services.AddSingleton<UnchangedValues>();
        services.AddSingleton<RefinedCatchUp>();
        services.AddSingleton<TableFitter>();
        services.AddSingleton<ChangeLander>();
        services.TryAddSingleton<ICaptureSteps, NoCaptureSteps>();
        services.AddSingleton<CaptureServices>();
        services.AddSingleton<TableLoad>();
        services.AddSingleton<CatchUpRun>();
        services.AddSingleton<CaptureService>();
        services.AddHostedService(p => p.GetRequiredService<CaptureService>());

        services.AddTransient<CaptureReports>();
        services.AddTransient<SyncSummaries>();
        services.AddTransient<SyncRunDetails>();

        services.AddSingleton<OffloadStore>();
        services.AddSingleton<LakePortal.Engine.Writing.IRecordedFiles, RecordedLoadFiles>();
        services.AddSingleton<LakeTables>();
        services.AddSingleton<RefinedWriter>();
        services.AddSingleton<OrphanFiles>();
        services.AddSingleton<OffloadServices>();
        AddReconciliation(services, configuration);
    }

    public async Task StartAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await services.GetRequiredService<ReconciliationRunner>().CloseInterruptedAsync(cancellationToken);
        await services.GetRequiredService<SyncRunner>().ResumeAsync(cancellationToken);
        await services.GetRequiredService<CaptureService>().RefreshAsync(cancellationToken);
    }

    private static void AddReconciliation(IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(ReconciliationOptions.SectionName).Get<ReconciliationOptions>() ?? new ReconciliationOptions();
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        services.AddSingleton(options);
        services.AddSingleton<ILakeBarrier, BatchLakeBarrier>();
        services.AddSingleton<IRepairLanding, BatchRepairLanding>();
        services.AddSingleton<ILakeBarrier, CaptureLakeBarrier>();
        services.AddSingleton<IRepairLanding, CaptureRepairLanding>();
        services.AddSingleton<IRollingLake, CaptureRollingLake>();
        services.AddSingleton<SnapshotTags>();
        services.AddSingleton<ReconciliationServices>();
        services.AddSingleton<ReconciliationStore>();
        services.AddSingleton<ReconciliationRunner>();
        services.AddHostedService(p => p.GetRequiredService<ReconciliationRunner>());
        services.AddTransient<ReconciliationViews>();
        services.AddTransient<ValueVisibility>();
        services.AddSingleton<DeadLetterReplay>();
        services.AddScheduledJob<ReconcileJob>(ReconcileJob.Name);
    }
}
