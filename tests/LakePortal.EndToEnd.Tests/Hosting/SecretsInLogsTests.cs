using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using LakePortal.Cli;
using LakePortal.Cli.Client;
using LakePortal.EndToEnd.Tests.Support;

namespace LakePortal.EndToEnd.Tests.Hosting;

/// <summary>What the process prints while everything that knows a secret goes wrong, at a level that nobody would run it at.</summary>
[Trait("Category", "Server")]
public sealed class SecretsInLogsTests
{
    [Theory]
    [InlineData("simple")]
    [InlineData("json")]
    public async Task No_log_line_and_no_export_shows_a_secret(string formatter)
    {
        const string Stored = "stored-secret-4711-xyzzy", Typed = "typed-by-mistake-0815-xyzzy", Inline = "env-secret-1234-xyzzy";
        await using var lake = await TestLake.StartAsync(_ => new Dictionary<string, string>
        {
            ["Logging__Console__FormatterName"] = formatter,
            ["Logging__LogLevel__Default"] = "Trace",
            ["Logging__LogLevel__LakePortal.Portal.Hosting.Identity"] = "Trace",
            ["Logging__LogLevel__Microsoft.AspNetCore"] = "Debug",
            ["Logging__LogLevel__Microsoft.AspNetCore.Antiforgery"] = "Debug",
            ["Logging__LogLevel__Microsoft.EntityFrameworkCore"] = "Debug",
            ["Logging__LogLevel__Quartz"] = "Debug",
            ["SHOP_PASSWORD"] = Inline,
        });
        await lake.Api.PutAsync("/api/v1/secrets/shop", new JsonObject { ["value"] = Stored }, CancellationToken.None);
        foreach (var password in (string[])["${secret:shop}", "${env:SHOP_PASSWORD}"])
        {
            var yaml = lake.SourceYaml("shop", "postgres").Replace("${env:SOURCE_PASSWORD}", password, StringComparison.Ordinal);
            await lake.ApplyAsync(yaml);
            // The server refuses the password.
            await IgnoreAsync(lake.Api.PostAsync("/api/v1/sources/shop/test", null, CancellationToken.None));
            await IgnoreAsync(lake.Api.GetAsync("/api/v1/sources/shop/discover", CancellationToken.None));
        }

        using (var browser = new FormBrowser(lake.Portal.Url))
        {
            Assert.Contains("error=failed", await browser.PostFormAsync("/sign-in", ("user", "admin"), ("password", Typed)), StringComparison.Ordinal);
        }

        var wrong = $"lake_0123456789ab_{new string('c', 64)}";
        var made = await lake.Api.PostAsync("/api/v1/users/admin/tokens", new JsonObject { ["name"] = "t", ["lifetime_seconds"] = 3600 }, CancellationToken.None);
        var token = made.GetProperty("token").GetString()!;
        foreach (var bearer in (string[])[wrong, token])
        {
            using var http = new HttpClient { BaseAddress = lake.Portal.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", bearer) } };
            using var answer = await http.GetAsync(new Uri("/api/v1/me", UriKind.Relative));
        }

        foreach (var (path, type) in ((string, string)[])[("sources/shop", "application/yaml"), ("sources/shop", "application/json"), ("secrets", "application/json"), ("audit", "application/json")])
        {
            var shown = await lake.Api.GetTextAsync($"/api/v1/{path}", type, CancellationToken.None);
            Assert.Contains("shop", shown, StringComparison.Ordinal);
            Assert.DoesNotContain(shown.Split('\n'), l => l.Contains(Stored, StringComparison.Ordinal) || l.Contains(Inline, StringComparison.Ordinal));
        }

        var admin = (await File.ReadAllTextAsync(Path.Combine(lake.DataDirectory, "admin.token"))).Trim();
        var master = (await File.ReadAllTextAsync(Path.Combine(lake.DataDirectory, "master.key"))).Trim();
        await lake.Portal.DisposeAsync();
        var printed = lake.Printed();
        Assert.Contains(formatter == "json" ? "\"LogLevel\":\"Debug\"" : "dbug:", printed, StringComparison.Ordinal);
        foreach (var secret in (string[])[Stored, Typed, Inline, wrong[18..], token[18..], admin[18..], master, lake.Postgres.Password])
        {
            var line = printed.Split('\n').FirstOrDefault(l => l.Contains(secret, StringComparison.Ordinal));
            Assert.True(line is null, $"A secret is in: {line}");
        }

        await lake.StartPortalAsync();
    }

    private static async Task IgnoreAsync(Task<System.Text.Json.JsonElement> call)
    {
        var error = await Record.ExceptionAsync(() => call);
        Assert.True(error is null or ServerException, error?.ToString());
    }
}
