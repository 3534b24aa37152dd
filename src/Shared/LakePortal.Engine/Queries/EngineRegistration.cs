using System.ComponentModel.DataAnnotations;
using LakePortal.Engine.Queries.Running;
using LakePortal.Iceberg.Catalog;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LakePortal.Engine.Queries;

public static class EngineRegistration
{
    /// <summary>
    /// Registers <see cref="ILakeEngine"/> and <see cref="IRunningQueries"/>. Needs an <see cref="ITableCatalog"/>; without an
    /// <see cref="IQueryAuthorizer"/> every read of a table is denied.
    /// </summary>
    /// <exception cref="ValidationException">An option has a value that it cannot have.</exception>
    public static IServiceCollection AddLakePortalEngine(this IServiceCollection services, EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RunningQueries>();
        services.TryAddSingleton<IRunningQueries>(s => s.GetRequiredService<RunningQueries>());
        services.TryAddSingleton(s => new LakeEngine(
            s.GetRequiredService<ITableCatalog>(), s.GetService<IQueryAuthorizer>(), options, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<RunningQueries>()));
        services.TryAddSingleton<ILakeEngine>(s => s.GetRequiredService<LakeEngine>());
        services.TryAddSingleton<IBoundQueryFactory>(s => s.GetRequiredService<LakeEngine>());
        services.TryAddSingleton<ITableScanner>(s => s.GetRequiredService<LakeEngine>());
        return services;
    }
}
