using LakePortal.Portal.Api;
using LakePortal.Portal.Layout;
using LakePortal.Portal.Parts.Frame;
using LakePortal.Portal.Parts.Values;
using MudBlazor;
using MudBlazor.Services;

namespace LakePortal.Portal.Hosting;

/// <summary>What the pages need of the host. Data comes through <see cref="IPortalSender"/>, which the host registers.</summary>
public static class UiServices
{
    public static IServiceCollection AddPortalUi(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddMudServices(options =>
        {
            options.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
            options.SnackbarConfiguration.VisibleStateDuration = 4000;
            options.SnackbarConfiguration.HideTransitionDuration = 150;
            options.SnackbarConfiguration.ShowTransitionDuration = 150;
        });
        services.AddScoped<PortalSession>();
        services.AddScoped<PortalClock>();
        services.AddScoped<ShellScript>();
        services.AddScoped<PageMemory>();
        services.AddScoped<IAntiforgeryTokens, UiAntiforgery>();
        services.AddSingleton<SystemFacts>();
        return services;
    }

    /// <summary>Maps the pages. Everything needs a signed-in caller by the host's fallback policy, except pages that allow anonymous.</summary>
    public static IEndpointConventionBuilder MapPortalUi(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        endpoints.MapUiExports();
        return endpoints.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }
}
