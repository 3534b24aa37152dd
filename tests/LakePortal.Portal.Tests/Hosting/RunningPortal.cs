using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LakePortal.Portal.Hosting;
using LakePortal.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Hosting;

/// <summary>The real process's host on a free port and an empty data directory.</summary>
public sealed partial class RunningPortal : IAsyncLifetime, IAsyncDisposable
{
    private readonly TemporaryDirectory _data = new();
    private WebApplication _app = null!;

    public IServiceProvider Services => _app.Services;

    public string Data => _data.Path;

    public Uri Url { get; private set; } = null!;

    public string AdminToken { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _app = PortalHost.Build(["--data", _data.Path, "--port", "0"]);
        await PortalHost.StartAsync(_app);
        await _app.StartAsync();
        Url = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        AdminToken = (await File.ReadAllTextAsync(Path.Combine(_data.Path, "admin.token"))).Trim();
    }

    public async Task DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _data.Dispose();
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    /// <summary>Without a sign-in; does not follow redirects.</summary>
    public HttpClient Nobody() => new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer(), UseProxy = false }) { BaseAddress = Url };

    public HttpClient WithToken(string token)
    {
        var client = Nobody();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public HttpClient Admin() => WithToken(AdminToken);

    /// <summary>A browser that signed in as a new user whose password is set.</summary>
    public async Task<HttpClient> BrowserAsync(string user, params string[] roles)
    {
        using var admin = Admin();
        var made = await (await admin.PostAsJsonAsync("/api/v1/users", new { name = user, roles })).Content.ReadFromJsonAsync<JsonObject>();
        var once = (string)made!["password"]!;
        var browser = Nobody();
        browser.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        var response = await PostFormAsync(browser, "/sign-in", "/sign-in", ("user", user), ("password", once));
        Assert.StartsWith("/account/password", response.Headers.Location!.OriginalString, StringComparison.Ordinal);
        response = await PostFormAsync(browser, "/account/password", "/account/password", ("current", once), ("new", "correct horse battery"), ("repeat", "correct horse battery"));
        Assert.Equal("/", response.Headers.Location!.OriginalString);
        return browser;
    }

    public static async Task<HttpResponseMessage> PostFormAsync(HttpClient browser, string page, string action, params (string Name, string Value)[] fields)
    {
        var html = await (await browser.GetAsync(page)).Content.ReadAsStringAsync();
        var token = AntiforgeryField().Match(html).Groups[1].Value;
        return await browser.PostAsync(action, new FormUrlEncodedContent(
            fields.Append(("__RequestVerificationToken", token)).Select(f => KeyValuePair.Create(f.Item1, f.Item2))));
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\"[^>]*value=\"([^\"]+)\"")]
    private static partial Regex AntiforgeryField();
}
