using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Live;
using LakePortal.Portal.Hosting;
using LakePortal.Portal.Hosting.Health;
using LakePortal.Portal.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LakePortal.Portal.Tests.Browser;

/// <summary>The real pages on a real server, with the sample lake in place of the modules: for tests in a browser.</summary>
internal sealed class PreviewHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PreviewHost(WebApplication app, FakeSender sender) => (_app, Sender) = (app, sender);

    public FakeSender Sender { get; }

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<PreviewHost> StartAsync()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(UiServices).Assembly.GetName().Name, ContentRootPath = AppContext.BaseDirectory, EnvironmentName = "Development",
        });
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var sender = SampleLake.Arrange(new FakeSender(), TimeProvider.System.GetUtcNow());
        builder.Services.AddSingleton<IPortalSender>(sender);
        builder.Services.AddSingleton<IChangeFeed>(new FakeFeed());
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IReadiness>(new FakeReadiness());
        builder.Services.AddSingleton(new LakePaths(new LakeOptions()));
        builder.Services.AddAntiforgery();
        builder.Services.AddPortalUi();
        var app = builder.Build();
        app.Use(SecurityHeaders.AddAsync);
        app.UseRouting();
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapPortalUi();
        await app.StartAsync();
        return new PreviewHost(app, sender);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
