using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using LakePortal.Portal.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Hosting;

public sealed class DoorTests(RunningPortal portal) : IClassFixture<RunningPortal>
{
    private static readonly string[] Open = ["/healthz", "/readyz", "/sign-in"];

    private static readonly string[] StaticExtensions = [".css", ".js", ".svg", ".map", ".gz", ".br", ".ico", ".json", ".woff2", ".png", ".txt"];

    private IEnumerable<RouteEndpoint> Endpoints() => portal.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>();

    [Fact]
    public void Nothing_answers_without_a_caller_but_health_sign_in_and_static_files()
    {
        var open = Endpoints().Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(e => "/" + e.RoutePattern.RawText!.TrimStart('/'))
            .Where(p => !Open.Contains(p) && !StaticExtensions.Contains(Path.GetExtension(p.TrimEnd('}'))));
        Assert.Empty(open);
    }

    [Fact]
    public async Task Every_endpoint_refuses_a_request_without_a_caller()
    {
        using var nobody = portal.Nobody();
        var tried = 0;
        foreach (var endpoint in Endpoints().Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null))
        {
            var path = "/" + System.Text.RegularExpressions.Regex.Replace(endpoint.RoutePattern.RawText!.TrimStart('/'), @"\{[^}]*\}", "x");
            var methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"];
            using var request = new HttpRequestMessage(new HttpMethod(methods[0]), path);
            using var response = await nobody.SendAsync(request);
            Assert.True(
                response.StatusCode == HttpStatusCode.Unauthorized
                || (response.StatusCode == HttpStatusCode.Redirect && response.Headers.Location!.OriginalString.Contains("/sign-in", StringComparison.Ordinal)),
                $"{methods[0]} {path} answered {response.StatusCode}");
            tried++;
        }

        Assert.True(tried > 20, $"only {tried} endpoints found");
    }

    [Fact]
    public async Task Signing_in_leads_over_a_new_password_to_the_page_and_out_again()
    {
        using var browser = await portal.BrowserAsync("walker", "analyst");
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/tables")).StatusCode);
        var left = await RunningPortal.PostFormAsync(browser, "/account/password", "/sign-out");
        Assert.Equal("/sign-in", left.Headers.Location!.OriginalString);
        var after = await browser.GetAsync("/tables");
        Assert.Equal("/sign-in", after.Headers.Location!.AbsolutePath);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    public async Task Signing_in_never_leads_to_another_site(string returnUrl)
    {
        using var browser = portal.Nobody();
        browser.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        var page = await browser.GetStringAsync($"/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}");
        Assert.DoesNotContain("evil.example", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cookie_alone_changes_nothing_through_the_api()
    {
        using var browser = await portal.BrowserAsync("rider", "admin");
        using var body = JsonContent.Create(new { value = "x" });
        var forged = await browser.PutAsync("/api/v1/secrets/forged", body);
        Assert.Equal(HttpStatusCode.Forbidden, forged.StatusCode);
        browser.DefaultRequestHeaders.Add("X-LakePortal", "1");
        using var again = JsonContent.Create(new { value = "x" });
        Assert.Equal(HttpStatusCode.OK, (await browser.PutAsync("/api/v1/secrets/meant", again)).StatusCode);
    }

    [Fact]
    public async Task Metrics_need_the_permission_to_read_the_system()
    {
        using var browser = await portal.BrowserAsync("viewer", "analyst");
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync("/metrics")).StatusCode);
        using var admin = portal.Admin();
        await admin.GetAsync("/api/v1/system");
        Assert.Contains("lakeportal_request_duration_seconds", await admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PUT", "/api/v1/secrets/a", "{\"value\":", 400, "invalid-json", null)]
    [InlineData("PUT", "/api/v1/secrets/a", "{\"valeu\":\"x\"}", 400, "invalid-json", "valeu")]
    [InlineData("POST", "/api/v1/users", "{\"name\":\"x\",\"roles\":[\"admn\"]}", 400, "invalid-input", "roles[0]")]
    [InlineData("POST", "/api/v1/users", "{\"name\":\"No Good\",\"roles\":[]}", 400, "invalid-input", "name")]
    [InlineData("POST", "/api/v1/users", "{\"name\":\"admin\",\"roles\":[\"admin\"]}", 409, "conflict", null)]
    [InlineData("GET", "/api/v1/users/nobody", null, 404, "not-found", null)]
    [InlineData("GET", "/api/v1/nothings", null, 404, "not-found", null)]
    [InlineData("GET", "/api/v1/runs/none", null, 404, "not-found", null)]
    [InlineData("GET", "/api/v1/no/such/path", null, 404, "not-found", null)]
    [InlineData("PATCH", "/api/v1/users/admin", "{}", 405, "portal.method-not-allowed", null)]
    [InlineData("POST", "/api/v1/apply", "{\"texts\":[{\"origin\":\"a.yaml\",\"content\":\"kind: role\\nname: [\"}]}", 400, "invalid-input", "a.yaml:2:8")]
    public async Task Wrong_requests_get_a_problem_document(string method, string path, string? body, int status, string code, string? fault)
    {
        using var admin = portal.Admin();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await admin.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var problem = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(code, (string?)problem["code"]);
        Assert.Equal(status, (int)problem["status"]!);
        if (fault is not null)
        {
            Assert.Contains(fault.Split(':')[0], Assert.Single(problem["errors"]!.AsObject()).Key, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_role_goes_in_as_yaml_and_comes_out_the_same()
    {
        using var admin = portal.Admin();
        const string yaml = "kind: role\nname: readers\ndescription: May read\npermissions: [tables.read]\n";
        var applied = await (await admin.PostAsJsonAsync("/api/v1/apply", new { texts = new[] { new { origin = "r.yaml", content = yaml } }, dry_run = false, prune = false })).Content.ReadFromJsonAsync<JsonObject>();
        Assert.Equal("create", (string?)applied!["changes"]![0]!["action"]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/roles/readers");
        request.Headers.Accept.ParseAdd("application/yaml");
        using var response = await admin.SendAsync(request);
        Assert.Equal(yaml, await response.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync("/api/v1/roles/readers")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync("/api/v1/roles/readers")).StatusCode);
    }

    [Fact]
    public async Task A_second_process_on_the_same_data_directory_does_not_start()
    {
        var paths = portal.Services.GetRequiredService<LakePortal.Kernel.Hosting.LakePaths>();
        using var held = DataDirectoryLock.Take(paths);
        var code = await PortalHost.RunAsync(["--data", portal.Data, "--port", "0"]);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task It_is_healthy_ready_and_describes_itself()
    {
        using var nobody = portal.Nobody();
        Assert.Equal("ok\n", await nobody.GetStringAsync("/healthz"));
        using var admin = portal.Admin();
        var ready = await nobody.GetFromJsonAsync<JsonObject>("/readyz");
        Assert.True((bool)ready!["ready"]!, ready.ToJsonString());
        var description = await admin.GetFromJsonAsync<JsonObject>("/openapi/v1.json");
        Assert.Contains("/api/v1/apply", description!["paths"]!.AsObject().Select(p => p.Key));
    }
}
