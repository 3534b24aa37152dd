using LakePortal.Kernel.Modules;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion;

public sealed class IngestionModule : IModule
{
    public string Name => "ingestion";

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
    }

    public Task StartAsync(IServiceProvider services, CancellationToken cancellationToken) => Task.CompletedTask;
}
