using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Kernel.Persistence;

/// <summary>A module's database part, as the migrator sees it.</summary>
internal sealed record ModuleDb(string Module, Type ContextType, Func<IServiceProvider, DbContext> Create);

public static class ModuleDbRegistration
{
    /// <summary>
    /// Registers <see cref="IDbContextFactory{TContext}"/> on the configured control database. The host applies the context's migrations
    /// before any module starts.
    /// </summary>
    /// <param name="services">Services.</param>
    /// <param name="moduleName">The module's name: lower-case letters; schema and prefix of its tables.</param>
    public static IServiceCollection AddModuleDb<TContext>(this IServiceCollection services, string moduleName)
        where TContext : ModuleDbContext
    {
        ArgumentException.ThrowIfNullOrEmpty(moduleName);
        if (!moduleName.All(char.IsAsciiLetterLower))
        {
            throw new ArgumentException($"'{moduleName}' must be lower-case letters only: it becomes part of SQL names.", nameof(moduleName));
        }

        services.AddDbContextFactory<TContext>((provider, options) =>
            provider.GetRequiredService<ControlDatabase>().Configure(options, moduleName));
        services.AddSingleton(new ModuleDb(
            moduleName, typeof(TContext), p => p.GetRequiredService<IDbContextFactory<TContext>>().CreateDbContext()));
        return services;
    }
}
