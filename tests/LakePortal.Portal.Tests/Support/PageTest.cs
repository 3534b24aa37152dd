using Bunit;
using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Live;
using LakePortal.Portal.Hosting;
using LakePortal.Portal.Hosting.Health;
using LakePortal.Portal.Parts.Frame;
using LakePortal.Portal.Parts.Values;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MudBlazor;
using MudBlazor.Services;

namespace LakePortal.Portal.Tests.Support;

/// <summary>Renders pages on a fake clock, with a fake sender in place of the modules.</summary>
public abstract class PageTest : BunitContext, IAsyncLifetime
{
    protected static readonly DateTimeOffset Now = new(2026, 5, 4, 10, 15, 0, TimeSpan.Zero);

    protected PageTest()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Time = new FakeTimeProvider(Now);
        SampleLake.Arrange(Sender, Now);
        Services.AddMudServices();
        Services.AddSingleton<IPortalSender>(Sender);
        Services.AddSingleton<IChangeFeed>(Feed);
        Services.AddSingleton<TimeProvider>(Time);
        Services.AddSingleton(new LakePaths(new LakeOptions()));
        Services.AddSingleton<SystemFacts>();
        Services.AddSingleton<IReadiness>(Health);
        Services.AddSingleton<IAntiforgeryTokens, NoTokens>();
        Services.AddScoped<PortalSession>();
        Services.AddScoped<PortalClock>();
        Services.AddScoped<ShellScript>();
        Services.AddScoped<PageMemory>();
        // Last: the renderer is made from the services, which are fixed from then on.
        Renderer.SetRendererInfo(new RendererInfo("Server", true));
        // What floats above a page is rendered by these, as in the layout.
        Render<MudPopoverProvider>();
        Dialogs = Render<MudDialogProvider>();
    }

    internal FakeSender Sender { get; } = new();

    internal FakeReadiness Health { get; } = new();

    internal FakeFeed Feed { get; } = new();

    protected FakeTimeProvider Time { get; }

    private protected IRenderedComponent<MudDialogProvider> Dialogs { get; }

    protected string Address => Services.GetRequiredService<NavigationManager>().Uri;

    private protected IRenderedComponent<DynamicComponent> Open(Type page, string url)
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo(url);
        return Render<DynamicComponent>(p => p.Add(c => c.Type, page));
    }

    private protected IRenderedComponent<T> Open<T>(string url)
        where T : PortalPage
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo(url);
        return Render<T>();
    }

    public Task InitializeAsync() => Task.CompletedTask;

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private sealed class NoTokens : IAntiforgeryTokens
    {
        public IReadOnlyDictionary<string, string> Fields() => new Dictionary<string, string>();
    }
}
