using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json.Nodes;
using LakePortal.Governance.Contracts.Identity;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using LakePortal.Portal.Hosting;
using LakePortal.Portal.Hosting.Identity;
using MediatR;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LakePortal.Portal.Tests.Hosting;

public sealed class SessionTests(RunningPortal portal) : IClassFixture<RunningPortal>
{
    private static readonly string[] BeforeChange = ["/sign-out", "/account/password"];

    [Fact]
    public async Task A_cookie_alone_changes_nothing_at_any_endpoint()
    {
        using var browser = await portal.BrowserAsync("forged", "admin");
        foreach (var route in Route.All(portal.Services).Where(r => r is { IsOpen: false, IsUnsafe: true } && !BeforeChange.Contains(r.Pattern)))
        {
            using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Path());
            request.Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
            using var response = await browser.SendAsync(request);
            Assert.True(response.StatusCode == HttpStatusCode.Forbidden, $"{route} answered {response.StatusCode}");
        }
    }

    [Fact]
    public async Task An_address_that_leads_nowhere_shows_the_portal_with_a_page_that_says_so()
    {
        using var browser = await portal.BrowserAsync("lost", "analyst");
        using var response = await browser.GetAsync("/nowhere/at-all?x=1");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("There is no such page", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var nobody = portal.Nobody();
        nobody.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        using var refused = await nobody.GetAsync("/nowhere/at-all");
        Assert.Equal(HttpStatusCode.Found, refused.StatusCode);
    }

    [Fact]
    public async Task First_files_that_pages_offer_are_taken_as_they_are()
    {
        using var admin = portal.Admin();
        foreach (var text in new[] { LakePortal.Portal.Parts.Values.Starters.Pipeline, LakePortal.Portal.Parts.Values.Starters.Dashboard })
        {
            using var response = await admin.PostAsJsonAsync("/api/v1/apply", new { texts = new[] { new { origin = "first.yaml", content = text } }, dry_run = true });
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_page_of_another_site_cannot_open_a_circuit()
    {
        using var browser = await portal.BrowserAsync("circuit", "analyst");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1");
        request.Headers.Add("Origin", "https://evil.example");
        using var response = await browser.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        using var own = new HttpRequestMessage(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1");
        own.Headers.Add("Origin", portal.Url.GetLeftPart(UriPartial.Authority));
        using var answer = await browser.SendAsync(own);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task With_a_one_time_password_nothing_answers_but_the_change_of_it()
    {
        using var admin = portal.Admin();
        var made = await (await admin.PostAsJsonAsync("/api/v1/users", new { name = "fresh", roles = new[] { "admin" } })).Content.ReadFromJsonAsync<JsonObject>();
        using var browser = portal.Nobody();
        browser.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        await RunningPortal.PostFormAsync(browser, "/sign-in", "/sign-in", ("user", "fresh"), ("password", (string)made!["password"]!));
        browser.DefaultRequestHeaders.Add(CallerMiddleware.SameSiteHeader, "1");
        foreach (var route in Route.All(portal.Services).Where(r => !r.IsOpen && !BeforeChange.Contains(r.Pattern)))
        {
            using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Path());
            using var response = await browser.SendAsync(request);
            Assert.True(
                response.StatusCode == HttpStatusCode.Forbidden || response.Headers.Location?.OriginalString.StartsWith("/account/password", StringComparison.Ordinal) == true,
                $"{route} answered {response.StatusCode}");
        }
    }

    [Fact]
    public async Task A_disabled_user_loses_the_cookie_at_once_and_an_open_page_within_a_minute()
    {
        using var browser = await portal.BrowserAsync("leaver", "analyst");
        await using var scope = portal.Services.CreateAsyncScope();
        using var circuit = new CircuitCaller(
            portal.Services.GetRequiredService<ILoggerFactory>(), portal.Services.GetRequiredService<IServiceScopeFactory>());
        var session = await StateAsync(scope.ServiceProvider, "leaver");
        Assert.True(await RevalidateAsync(circuit, session));
        Assert.True(Interval(circuit) <= TimeSpan.FromMinutes(1));

        using var admin = portal.Admin();
        using var disabled = await admin.PutAsJsonAsync("/api/v1/users/leaver", new { roles = new[] { "analyst" }, disabled = true });
        Assert.True(disabled.IsSuccessStatusCode, await disabled.Content.ReadAsStringAsync());

        Assert.Equal("/sign-in", (await browser.GetAsync("/tables")).Headers.Location!.AbsolutePath);
        Assert.False(await RevalidateAsync(circuit, session));
    }

    [Fact]
    public async Task More_sign_ins_than_anyone_needs_are_refused_for_a_while()
    {
        await using var other = new RunningPortal();
        await other.InitializeAsync();
        using var nobody = other.Nobody();
        HttpResponseMessage last;
        var tries = 0;
        do
        {
            last = await nobody.PostAsync("/sign-in", null);
        }
        while (++tries < 40 && last.StatusCode != HttpStatusCode.TooManyRequests);

        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
        Assert.Equal("portal.too-many-sign-ins", (string?)(await last.Content.ReadFromJsonAsync<JsonObject>())!["code"]);
        Assert.NotNull(last.Headers.RetryAfter);
    }

    [Fact]
    public void A_request_without_a_handler_stops_the_start()
    {
        var error = Assert.Throws<InvalidOperationException>(() => PortalHost.RequireSoundRequests(new RequestCatalog([typeof(SessionTests).Assembly])));
        Assert.Contains(nameof(Unanswered), error.Message, StringComparison.Ordinal);
    }

    [RequiresPermission(Permissions.ProfileOwn)]
    private sealed record Unanswered : IRequest<string>;

    private static async Task<AuthenticationState> StateAsync(IServiceProvider services, string user)
    {
        using var system = services.GetRequiredService<ICallerAccessor>().Enter(Caller.System);
        var caller = Caller.System with { User = user };
        return new AuthenticationState(new CallerPrincipal(caller, Schemes.Cookie, await StampAsync(services, user), false));
    }

    /// <summary>The stamp is nobody's to ask for: read where the cookie's comes from.</summary>
    private static async Task<string> StampAsync(IServiceProvider services, string user)
    {
        await using var connection = services.GetRequiredService<LakePortal.Kernel.Persistence.ControlDatabase>().CreateConnection("governance");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT \"SessionStamp\" FROM governance_users WHERE \"Name\" = @name";
        var name = command.CreateParameter();
        (name.ParameterName, name.Value) = ("name", user);
        command.Parameters.Add(name);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static Task<bool> RevalidateAsync(CircuitCaller circuit, AuthenticationState state) =>
        (Task<bool>)Member("ValidateAuthenticationStateAsync").Invoke(circuit, [state, CancellationToken.None])!;

    private static TimeSpan Interval(CircuitCaller circuit) =>
        (TimeSpan)typeof(CircuitCaller).GetProperty("RevalidationInterval", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(circuit)!;

    private static MethodInfo Member(string name) => typeof(CircuitCaller).GetMethod(name, BindingFlags.Instance | BindingFlags.NonPublic)!;
}
