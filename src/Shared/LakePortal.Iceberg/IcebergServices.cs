using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace LakePortal.Iceberg;

public static class IcebergServices
{
    /// <summary>The catalog of the lake's tables. An <see cref="ICatalogStore"/> must be registered besides, as a singleton.</summary>
    /// <param name="services">Services.</param>
    /// <param name="warehouse">Root directory or location of the tables.</param>
    public static IServiceCollection AddLakePortalIceberg(this IServiceCollection services, string warehouse)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IFileIO, LocalFileIO>();
        services.TryAddSingleton<ITableCatalog>(p => new TableCatalog(
            p.GetRequiredService<ICatalogStore>(),
            p.GetRequiredService<IFileIO>(),
            warehouse,
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<TableCatalog>>()));
        return services;
    }
}
