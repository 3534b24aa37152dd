using LakePortal.Kernel.Modules;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Processing;

public sealed class ProcessingModule : IModule
{
    public string Name => "processing";

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
    }

    public Task StartAsync(IServiceProvider services, CancellationToken cancellationToken) => Task.CompletedTask;
}
