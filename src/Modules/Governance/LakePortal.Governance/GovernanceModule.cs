using LakePortal.Engine.Queries;
using LakePortal.Governance.Audit;
using LakePortal.Governance.Identity;
using LakePortal.Governance.Identity.Roles;
using LakePortal.Governance.Identity.SignIn;
using LakePortal.Governance.Identity.Users;
using LakePortal.Governance.Persistence;
using LakePortal.Governance.Policies;
using LakePortal.Governance.Secrets;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Persistence;
using LakePortal.Kernel.Secrets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Governance;

/// <summary>Who may do what, and who did: users, roles, tokens, secrets, audit.</summary>
public sealed class GovernanceModule : IModule
{
    public string Name => "governance";

    public void AddServices(IServiceCollection services, IConfiguration configuration)
    {
        services.AddModuleDb<GovernanceDbContext>(Name);

        services.AddSingleton<Passwords>();
        services.AddSingleton<SignInGuard>();
        services.AddSingleton<RoleCatalog>();
        services.AddSingleton<CallerFactory>();
        services.AddSingleton<UserStore>();
        services.AddSingleton<ICallerDirectory, CallerDirectory>();
        services.AddSingleton<FirstStart>();
        services.AddTransient<IConfigurationKind, RoleKind>();
        services.AddTransient<IConfigurationKind, UserKind>();

        services.AddSingleton<MasterKey>();
        services.AddSingleton<SecretVault>();
        services.AddSingleton<ISecretResolver, SecretResolver>();
        services.AddTransient<IConfigurationKind, SecretKind>();

        services.AddSingleton<IAuditTrail, AuditTrail>();
        services.AddSingleton<IQueryAuthorizer, RoleQueryAuthorizer>();
    }

    public async Task StartAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(services);
        await services.GetRequiredService<FirstStart>().RunAsync(Console.Out, cancellationToken);
    }
}
