using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Persistence;
using LakePortal.Serving.Catalog;
using LakePortal.Serving.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Serving;

/// <summary>The lake's catalog, queries, tables, dashboards and saved queries.</summary>
public sealed class ServingModule : IModule
{
    public string Name => "serving";

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddModuleDb<ServingDbContext>(Name);
        services.AddSingleton<ICatalogStore, EfCatalogStore>();
    }

    public Task StartAsync(IServiceProvider services, CancellationToken cancellationToken) => Task.CompletedTask;
}
