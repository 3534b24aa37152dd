using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LakePortal.Portal.Hosting;
using LakePortal.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Hosting;

/// <summary>Queries that somebody or the time limit stops, as a client of the API sees them.</summary>
public sealed class StoppedQueryTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Endless = "SELECT count(*) FROM range(10000000000) a, range(1000) b WHERE a.range + b.range = -1";

    private readonly TemporaryDirectory _data = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private WebApplication? _app;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _http.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _data.Dispose();
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    [Fact]
    public async Task A_query_that_runs_too_long_is_stopped_as_configured_and_the_answer_names_the_setting()
    {
        await StartAsync("--Engine:DefaultTimeout", "00:00:01");

        using var response = await _http.PostAsJsonAsync("/api/v1/sql", new { sql = Endless });

        var problem = await ProblemAsync(response, HttpStatusCode.TooManyRequests);
        Assert.Equal("engine.timeout", (string?)problem["code"]);
        Assert.Contains("1 s", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.Contains("Engine:DefaultTimeout", (string?)problem["hint"], StringComparison.Ordinal);
        using var export = await _http.PostAsJsonAsync("/api/v1/sql/export", new { sql = Endless });
        Assert.Equal("engine.timeout", (string?)(await ProblemAsync(export, HttpStatusCode.TooManyRequests))["code"]);
    }

    [Fact]
    public async Task A_cancelled_query_is_a_conflict_not_a_matter_of_too_many_requests()
    {
        await StartAsync();
        var running = _http.PostAsJsonAsync("/api/v1/sql", new { sql = Endless, query_id = "stop-me" });
        HttpResponseMessage cancelled;
        do
        {
            cancelled = await _http.DeleteAsync("/api/v1/sql/stop-me");
        }
        while (cancelled.StatusCode == HttpStatusCode.NotFound && !running.IsCompleted);

        using (cancelled)
        {
            Assert.Equal(HttpStatusCode.NoContent, cancelled.StatusCode);
        }

        using var response = await running;
        Assert.Equal("engine.cancelled", (string?)(await ProblemAsync(response, HttpStatusCode.Conflict))["code"]);
    }

    private static async Task<JsonObject> ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    private async Task StartAsync(params string[] settings)
    {
        _app = PortalHost.Build(["--data", _data.Path, "--port", "0", .. settings]);
        await PortalHost.StartAsync(_app);
        await _app.StartAsync();
        _http.BaseAddress = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(_data.Path, "admin.token"))).Trim());
    }
}
