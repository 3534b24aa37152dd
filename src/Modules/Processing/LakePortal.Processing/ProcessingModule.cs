using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Persistence;
using LakePortal.Kernel.Scheduling;
using LakePortal.Processing.Pipelines.Configuration;
using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Pipelines.Reading;
using LakePortal.Processing.Pipelines.Runs;
using LakePortal.Processing.Pipelines.Triggers;
using LakePortal.Processing.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Processing;

/// <summary>Pipelines: definitions, runs, schedules and data triggers.</summary>
public sealed class ProcessingModule : IModule
{
    public string Name => "processing";

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ProcessingOptions>().Bind(configuration.GetSection(ProcessingOptions.SectionName)).ValidateDataAnnotations().ValidateOnStart();
        services.AddModuleDb<ProcessingDbContext>(Name);
        services.AddSingleton<PipelineStore>();
        services.AddSingleton<PipelineRunStore>();
        services.AddSingleton<PipelineReader>();
        services.AddSingleton<PipelineSummaries>();
        services.AddSingleton<SystemSender>();
        services.AddSingleton<TableAnnouncer>();
        services.AddSingleton<OwnCommits>();
        services.AddSingleton<SqlTaskExecutor>();
        services.AddSingleton<SyncTaskExecutor>();
        services.AddSingleton<TaskRunner>();
        services.AddSingleton<PipelineRunner>();
        services.AddSingleton<PipelineDispatcher>();
        services.AddSingleton<PipelineLauncher>();
        services.AddSingleton<RunRecovery>();
        services.AddSingleton<ChangeTriggers>();
        services.AddSingleton<PipelineStart>();
        services.AddScheduledJob<PipelineSchedule>(PipelineSchedule.Job);
        services.AddSingleton<IConfigurationKind, PipelineKind>();
        services.AddHostedService<PipelineStop>();
    }

    public Task StartAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.GetRequiredService<PipelineStart>().StartAsync(cancellationToken);
    }
}
