using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace LakePortal.Portal.Tests.Hosting;

/// <summary>Whoever is told that something is not there is told where to look.</summary>
public sealed class HintTests(RunningPortal portal) : IClassFixture<RunningPortal>
{
    [Fact]
    public async Task Every_address_that_takes_a_name_says_of_an_unknown_one_what_to_do()
    {
        using var admin = portal.Admin();
        var found = 0;
        foreach (var route in Route.All(portal.Services).Where(r => r.IsApi && r.Pattern.Contains('{', StringComparison.Ordinal)))
        {
            foreach (var path in (string[])[route.Path("nosuch"), route.Pattern.Contains("{kinds}", StringComparison.Ordinal) ? route.Path("nosuch").Replace("v1/nosuch", "v1/roles", StringComparison.Ordinal) : route.Path("no.such")])
            {
                using var request = new HttpRequestMessage(new HttpMethod(route.Method), path);
                request.Content = route.Method is "GET" or "DELETE" ? null : JsonContent.Create(new { });
                using var response = await admin.SendAsync(request);
                if (response.StatusCode != HttpStatusCode.NotFound)
                {
                    continue;
                }

                found++;
                var problem = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
                Assert.True(!string.IsNullOrWhiteSpace((string?)problem["hint"]), $"{route.Method} {path}: {problem.ToJsonString()}");
            }
        }

        Assert.True(found > 25, $"Only {found} addresses say that a name is unknown.");
    }

    [Theory]
    [InlineData("GET", "/api/v1/users/nosuch", "./lake status user")]
    [InlineData("POST", "/api/v1/users/nobody/tokens", "./lake status user")]
    [InlineData("GET", "/api/v1/sources/zz/status", "./lake status source")]
    [InlineData("GET", "/api/v1/sources/zz", "./lake status source")]
    [InlineData("GET", "/api/v1/runs/nosuch/logs", "./lake status run")]
    [InlineData("GET", "/api/v1/pipeline-runs/nosuch", "./lake status run")]
    [InlineData("DELETE", "/api/v1/secrets/nosuch", "./lake secret list")]
    public async Task The_hint_names_the_command_that_lists_what_there_is(string method, string path, string hint)
    {
        using var admin = portal.Admin();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = method == "POST" ? JsonContent.Create(new { name = "t", lifetime_seconds = 60 }) : null;
        using var response = await admin.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var problem = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Contains(hint, (string?)problem["hint"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Applying_a_reference_to_a_secret_that_is_not_stored_warns_with_its_name_and_the_command()
    {
        using var admin = portal.Admin();
        var document = new JsonObject { ["type"] = "postgres", ["host"] = "127.0.0.1", ["database"] = "d", ["username"] = "u", ["password"] = "${secret:nosuch}" };
        var warned = await ApplyAsync(admin, document);
        var warning = (string?)Assert.Single(warned["changes"]![0]!["warnings"]!.AsArray());
        Assert.Contains("${secret:nosuch} has no value", warning, StringComparison.Ordinal);
        Assert.Contains("./lake secret set nosuch", warning, StringComparison.Ordinal);

        using var body = JsonContent.Create(new { value = "x" });
        await admin.PutAsync("/api/v1/secrets/nosuch", body);
        Assert.Empty((await ApplyAsync(admin, document))["changes"]![0]!["warnings"]!.AsArray());
    }

    private static async Task<JsonObject> ApplyAsync(HttpClient admin, JsonObject document)
    {
        using var response = await admin.PutAsJsonAsync("/api/v1/sources/dangling", document);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }
}
