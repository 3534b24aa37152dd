using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace LakePortal.Portal.Tests.Hosting;

/// <summary>Whatever is sent, the answer is an error with a reason, without a look inside, and the process goes on.</summary>
public sealed class HostileRequestTests(RunningPortal portal) : IClassFixture<RunningPortal>
{
    private static readonly string[] Inside = ["\n   at ", "StackTrace", "System.", "Microsoft.", "/src/", ".cs:line"];

    private static readonly string[] Names =
        ["x", "..%2F..%2Fetc%2Fpasswd", "a'%20OR%201=1--", "%F0%9F%90%9F", "%E2%80%AE", "%ff%fe", "%3Cscript%3E", new('n', 3000)];

    private static async Task<string> RequireCleanAsync(HttpResponseMessage response, string what)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode < 500, $"{what} answered {(int)response.StatusCode}: {body}");
        if ((int)response.StatusCode >= 400)
        {
            Assert.All(Inside, text => Assert.False(body.Contains(text, StringComparison.Ordinal), $"{what} shows its inside: {body}"));
        }

        return body;
    }

    private async Task<JsonObject> RefusedAsync(string path, byte[] body, string type, int status)
    {
        using var admin = portal.Admin();
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var response = await admin.PostAsync(path, content);
        var text = await RequireCleanAsync(response, path);
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    private static byte[] Json(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public async Task Every_endpoint_survives_strange_names_and_numbers()
    {
        using var admin = portal.Admin();
        foreach (var route in Route.All(portal.Services).Where(r => !r.IsOpen))
        {
            foreach (var name in route.Pattern.Contains('{') ? Names : ["x"])
            {
                var path = $"{route.Path(name)}?limit=-1&offset=-9999999999&cursor=%27&snapshot=abc&since=never&state=7&after=-1&dry_run=maybe";
                using var request = new HttpRequestMessage(new HttpMethod(route.Method), path);
                using var response = await admin.SendAsync(request);
                await RequireCleanAsync(response, $"{route} with {name[..Math.Min(name.Length, 40)]}");
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    [InlineData("{\"name\":null,\"sql\":null,\"texts\":null,\"value\":null,\"roles\":[null]}")]
    [InlineData("{\"name\":{\"a\":[1,2]},\"type\":[],\"tables\":7,\"sql\":[]}")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}")]
    [InlineData("{\"name\":\"\\ud800\",\"sql\":\"\\ud800\",\"type\":\"\\ud800\"}")]
    public async Task Every_endpoint_survives_bodies_that_it_does_not_expect(string body)
    {
        using var admin = portal.Admin();
        foreach (var route in Route.All(portal.Services).Where(r => r is { IsOpen: false, IsUnsafe: true }))
        {
            using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Path("strange"));
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await admin.SendAsync(request);
            await RequireCleanAsync(response, $"{route} with {body}");
        }
    }

    [Fact]
    public async Task Every_endpoint_refuses_text_that_is_not_utf8()
    {
        using var admin = portal.Admin();
        byte[] body = [.. Json("{\"name\":\""), 0xff, 0xc3, 0x28, .. Json("\",\"type\":\"postgres\",\"host\":\""), 0xed, 0xa0, 0x80, .. Json("\"}")];
        foreach (var route in Route.All(portal.Services).Where(r => r is { IsApi: true, IsUnsafe: true }))
        {
            using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Path());
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await admin.SendAsync(request);
            await RequireCleanAsync(response, $"{route} with invalid UTF-8");
        }

        await RefusedAsync("/api/v1/sql", [.. Json("{\"sql\":\"SELECT '"), 0xff, .. Json("'\"}")], "application/json", 400);
    }

    [Fact]
    public async Task Deeply_nested_json_is_refused()
    {
        var deep = new string('[', 1_000_000) + new string(']', 1_000_000);
        Assert.Equal("invalid-json", (string?)(await RefusedAsync("/api/v1/sql", Json($"{{\"sql\":{deep}}}"), "application/json", 400))["code"]);
        Assert.Equal("invalid-json", (string?)(await RefusedAsync("/api/v1/sources/test", Json($"{{\"name\":{deep}}}"), "application/json", 400))["code"]);
    }

    [Fact]
    public async Task A_body_above_the_limit_is_refused_as_too_large()
    {
        using var admin = portal.Admin();
        admin.DefaultRequestHeaders.ExpectContinue = true;
        using var body = new StringContent($"{{\"sql\":\"{new string('x', 33 << 20)}\"}}", Encoding.UTF8, "application/json");
        using var response = await admin.PostAsync("/api/v1/sql", body);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Theory]
    [InlineData("SELECT '{0}'", 'x')]
    [InlineData("SELECT 1 -- {0}", '-')]
    [InlineData("SELECT {0}1", '(')]
    [InlineData("SELECT {0}1", '-')]
    [InlineData("{0}", ';')]
    [InlineData("{0}", 'x')]
    public async Task Ten_megabytes_of_sql_are_refused_or_answered_soon(string shape, char filler)
    {
        using var admin = portal.Admin();
        admin.Timeout = TimeSpan.FromSeconds(30);
        using var response = await admin.PostAsJsonAsync("/api/v1/sql", new { sql = shape.Replace("{0}", new string(filler, 10_000_000), StringComparison.Ordinal) });
        await RequireCleanAsync(response, shape);
    }

    public static TheoryData<string, string> Yaml() => new()
    {
        { "a billion laughs", "kind: role\nname: x\nl0: &l0 [a,a,a,a,a,a,a,a,a,a]\n" + string.Concat(Enumerable.Range(1, 12).Select(i => $"l{i}: &l{i} [{string.Join(',', Enumerable.Repeat($"*l{i - 1}", 10))}]\n")) },
        { "laughing keys", "l0: &l0 [a,a,a,a,a,a,a,a,a,a]\n" + string.Concat(Enumerable.Range(1, 12).Select(i => $"l{i}: &l{i} [{string.Join(',', Enumerable.Repeat($"*l{i - 1}", 10))}]\n")) + "? *l12\n: x\n" },
        { "a loop", "kind: role\nname: &a [*a]\n" },
        { "deep brackets", "kind: role\nname: " + new string('[', 300_000) },
        { "deep braces", "kind: role\nname: " + string.Concat(Enumerable.Repeat("{a: ", 100_000)) },
        { "deep dashes", "kind: role\nname:\n  " + string.Concat(Enumerable.Repeat("- ", 100_000)) + "x" },
        { "a million values", "kind: role\nname: [" + string.Concat(Enumerable.Repeat("a,", 1_000_000)) + "]" },
        { "an endless key", new string('k', 9_000_000) + ": 1" },
        { "a tag of a type", "kind: role\nname: !!System.Diagnostics.Process {a: b}\n" },
        { "no text", "\0\0\0\u0001\ufffe" },
    };

    [Theory]
    [MemberData(nameof(Yaml))]
    public async Task Hostile_yaml_is_refused_soon(string what, string yaml)
    {
        using var admin = portal.Admin();
        admin.Timeout = TimeSpan.FromSeconds(30);
        using var response = await admin.PostAsJsonAsync("/api/v1/apply", new { texts = new[] { new { origin = "hostile.yaml", content = yaml } }, dry_run = true });
        var body = await RequireCleanAsync(response, what);
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{what}: {body[..Math.Min(500, body.Length)]}");
        Assert.True(body.Length < 100_000, $"{what}: the answer has {body.Length} characters.");
    }

    [Fact]
    public async Task A_sign_in_form_that_is_no_form_is_sent_back()
    {
        using var nobody = portal.Nobody();
        foreach (var type in (string[])["multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded", "application/json"])
        {
            using var content = new ByteArrayContent([0xff, 0x3d, 0x26, 0x0d, 0x0a]);
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            using var response = await nobody.PostAsync("/sign-in", content);
            await RequireCleanAsync(response, type);
        }
    }

    [Fact]
    public async Task It_is_still_ready_after_all_of_this()
    {
        using var nobody = portal.Nobody();
        Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync("/readyz")).StatusCode);
    }
}
