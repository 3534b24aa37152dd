using System.ComponentModel.DataAnnotations;
using LakePortal.Kernel.Scheduling;
using LakePortal.Serving.Tables.Maintenance;
using LakePortal.Serving.Tables.Retention;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Persistence;
using LakePortal.Serving.Catalog;
using LakePortal.Serving.Dashboards;
using LakePortal.Serving.Queries.Execute;
using LakePortal.Serving.Queries.History;
using LakePortal.Serving.Queries.Saved;
using LakePortal.Serving.Storage;
using LakePortal.Serving.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Serving;

/// <summary>The lake's catalog and engine, queries, tables, dashboards and saved queries.</summary>
public sealed class ServingModule : IModule
{
    public string Name => "serving";

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptions<ServingOptions>().Bind(configuration.GetSection(ServingOptions.SectionName)).ValidateDataAnnotations().ValidateOnStart();
        services.AddModuleDb<ServingDbContext>(Name);
        AddLake(services, configuration);

        services.AddSingleton<QueryRegistry>();
        services.AddSingleton<QueryHistory>();
        services.AddSingleton<CallerDirectory>();
        services.AddSingleton<QuerySession>();
        services.AddSingleton<AnswerReader>();
        services.AddSingleton<StatementCheck>();
        services.AddSingleton<TableLoader>();
        services.AddSingleton<TileRenderer>();
        var retention = configuration.GetSection(RetentionOptions.SectionName).Get<RetentionOptions>() ?? new RetentionOptions();
        Validator.ValidateObject(retention, new ValidationContext(retention), validateAllProperties: true);
        services.AddSingleton(retention);
        services.AddSingleton<TableExpiry>();
        services.AddSingleton<TableOrphans>();
        services.AddScheduledJob<RetentionJob>(RetentionJob.Name);
        var compaction = configuration.GetSection(CompactionOptions.SectionName).Get<CompactionOptions>() ?? new CompactionOptions();
        Validator.ValidateObject(compaction, new ValidationContext(compaction), validateAllProperties: true);
        services.AddSingleton(compaction);
        services.AddSingleton<CompactionLooks>();
        services.AddScheduledJob<CompactionJob>(CompactionJob.Name);
        services.AddSingleton<IConfigurationKind, SavedQueryKind>();
        services.AddSingleton<IConfigurationKind, DashboardKind>();
    }

    public async Task StartAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(services);
        Directory.CreateDirectory(services.GetRequiredService<LakePaths>().Warehouse);
        // Hosts without a scheduler (single commands, tests) keep house by hand.
        if (services.GetService<IJobSchedule>() is { } schedule)
        {
            await ScheduleAsync(schedule, RetentionJob.Name, RetentionJob.Id, services.GetRequiredService<RetentionOptions>().Schedule, "Retention:Schedule", cancellationToken);
            await ScheduleAsync(schedule, CompactionJob.Name, CompactionJob.Id, services.GetRequiredService<CompactionOptions>().Schedule, "Compaction:Schedule", cancellationToken);
        }
    }

    private static Task ScheduleAsync(IJobSchedule schedule, string job, string id, string cron, string setting, CancellationToken cancellationToken) => cron.Length == 0
        ? schedule.RemoveAsync(job, id, cancellationToken)
        : schedule.SetAsync(job, id, CronSchedule.Parse(cron, null, setting), paused: false, cancellationToken);

    private static void AddLake(IServiceCollection services, IConfiguration configuration)
    {
        var paths = new LakePaths(configuration.GetSection(LakeOptions.SectionName).Get<LakeOptions>() ?? new LakeOptions());
        services.AddSingleton<ICatalogStore, EfCatalogStore>();
        services.AddLakePortalIceberg(paths.Warehouse);

        var engine = configuration.GetSection(EngineOptions.SectionName).Get<EngineOptions>() ?? new EngineOptions();
        services.AddLakePortalEngine(engine with
        {
            TempDirectory = engine.TempDirectory ?? paths.Temporary,
            DataDirectories = [.. engine.DataDirectories.Append(paths.Warehouse).Distinct(StringComparer.Ordinal)],
        });
        services.AddLakePortalWriter();
    }
}
