using LakePortal.Kernel.Modules;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Serving;

public sealed class ServingModule : IModule
{
    public string Name => "serving";

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
    }

    public Task StartAsync(IServiceProvider services, CancellationToken cancellationToken) => Task.CompletedTask;
}
