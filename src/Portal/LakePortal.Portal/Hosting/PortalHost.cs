using LakePortal.Governance;
using LakePortal.Ingestion;
using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Modules;
using LakePortal.Processing;
using LakePortal.Serving;

namespace LakePortal.Portal.Hosting;

internal static class PortalHost
{
    /// <summary>In start order: a module may rely on those before it being started.</summary>
    public static IReadOnlyList<IModule> Modules() =>
        [new GovernanceModule(), new ServingModule(), new IngestionModule(), new ProcessingModule()];

    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddLakePortal(builder.Configuration, Modules());
        await using var app = builder.Build();
        await app.Services.StartLakePortalAsync(CancellationToken.None);
        app.MapGet("/healthz", () => "ok");
        await app.RunAsync();
        return 0;
    }
}
