using System.Reflection;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Persistence;
using LakePortal.Kernel.Runs;
using LakePortal.Kernel.Runs.Persistence;
using LakePortal.Kernel.Scheduling;
using LakePortal.Kernel.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace LakePortal.Kernel.Hosting;

/// <summary>The kernel and its modules, for the process and for tests that want some modules without a web host.</summary>
public static class LakePortalServices
{
    /// <summary>Registers the kernel, then every module in the given order, then all handlers of their assemblies and contracts.</summary>
    public static IServiceCollection AddLakePortal(
        this IServiceCollection services, IConfiguration configuration, IReadOnlyList<IModule> modules)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(modules);

        services.AddLogging();
        services.AddMetrics();
        services.AddSingleton(configuration);
        services.AddSingleton(modules);
        services.TryAddSingleton(TimeProvider.System);
        var paths = new LakePaths(configuration.GetSection(LakeOptions.SectionName).Get<LakeOptions>() ?? new LakeOptions());
        var node = new NodeIdentity(paths);
        var database = new ControlDatabase(
            configuration.GetSection(ControlDatabaseOptions.SectionName).Get<ControlDatabaseOptions>() ?? new ControlDatabaseOptions(), paths);
        services.AddSingleton(paths);
        services.AddSingleton(node);
        services.AddSingleton(database);
        services.AddScheduling(database, node);
        services.AddSingleton<ControlDatabaseMigrator>();
        services.AddSingleton<LakeMetrics>();
        services.AddSingleton<ICallerAccessor, CallerAccessor>();
        services.AddSingleton<IChangeFeed, ChangeFeed>();

        services.AddModuleDb<RunsDbContext>("kernel");
        services.AddSingleton<RunBuffer>();
        services.AddHostedService(p => p.GetRequiredService<RunBuffer>());
        services.AddSingleton<IRunStore, RunStore>();

        services.AddSingleton<IPlannedDocuments, PlannedDocuments>();
        services.AddTransient<ConfigurationEngine>();

        foreach (var module in modules)
        {
            module.AddServices(services, configuration);
        }

        services.AddMessaging(AssembliesOf(modules));
        return services;
    }

    /// <summary>Migrates the control database, then starts the modules in order as <see cref="Caller.System"/>.</summary>
    public static async Task StartLakePortalAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(services);
        var paths = services.GetRequiredService<LakePaths>();
        Directory.CreateDirectory(paths.Data);
        await services.GetRequiredService<ControlDatabaseMigrator>().MigrateAsync(cancellationToken);

        // Before any module starts runs of its own: what is open now was cut off with the process before this one.
        _ = await services.GetRequiredService<IRunStore>().CloseInterruptedAsync(cancellationToken);

        var clock = services.GetRequiredService<TimeProvider>();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("LakePortal.Start");
        using var system = services.GetRequiredService<ICallerAccessor>().Enter(Caller.System);
        foreach (var module in services.GetRequiredService<IReadOnlyList<IModule>>())
        {
            var started = clock.GetTimestamp();
            await module.StartAsync(services, cancellationToken);
            KernelLog.ModuleStarted(logger, module.Name, clock.GetElapsedTime(started).TotalMilliseconds);
        }
    }

    private static List<Assembly> AssembliesOf(IReadOnlyList<IModule> modules)
    {
        List<Assembly> assemblies = [typeof(LakePortalServices).Assembly];
        foreach (var assembly in modules.Select(m => m.GetType().Assembly))
        {
            assemblies.Add(assembly);
            var contracts = $"{assembly.GetName().Name}.Contracts";
            if (File.Exists(Path.Combine(AppContext.BaseDirectory, $"{contracts}.dll")))
            {
                assemblies.Add(Assembly.Load(contracts));
            }
        }

        return [.. assemblies.Distinct()];
    }
}
