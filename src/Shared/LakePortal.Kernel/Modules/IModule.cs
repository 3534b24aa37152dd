using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Kernel.Modules;

/// <summary>A module of the monolith. The host asks each for its services and its start-up work, in this order.</summary>
public interface IModule
{
    /// <summary>Lower-case: <c>ingestion</c>. Also the database schema and the prefix of error codes and metrics.</summary>
    string Name { get; }

    void AddServices(IServiceCollection services, IConfiguration configuration);

    /// <summary>Runs after the control database is migrated and before the process reports ready. Must be idempotent.</summary>
    Task StartAsync(IServiceProvider services, CancellationToken cancellationToken);
}
