using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Kernel.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Hosting;

/// <summary>Maintenance through the API, as the contract says it.</summary>
public sealed class MaintenanceEndpointTests(RunningPortal portal) : IClassFixture<RunningPortal>
{
    private const string Path = "/api/v1/tables/curated/kept/maintenance";

    [Fact]
    public async Task Each_action_says_what_it_would_do_and_what_it_did()
    {
        var writer = portal.Services.GetRequiredService<ILakeWriter>();
        for (var i = 0; i < 6; i++)
        {
            _ = await writer.WriteQueryAsync(new WriteQuery(new LakeQueryRequest($"SELECT {i}::INTEGER AS round, range AS x FROM range(100)", Caller.System), new TableIdentifier("curated", "kept"), WriteMode.Append), default);
        }

        using var admin = portal.Admin();
        var would = await PostAsync(admin, "compact", true);
        Assert.Equal((6, 1, true, 600), ((int)would["data_files"]!, (int)would["new_files"]!, (bool)would["dry_run"]!, (int)would["rows"]!));
        var manifests = await PostAsync(admin, "rewrite-manifests", false);
        Assert.Equal((6, 1), ((int)manifests["before"]!, (int)manifests["after"]!));
        var did = await PostAsync(admin, "compact", false);
        Assert.Equal((6, 1, 600), ((int)did["data_files"]!, (int)did["new_files"]!, (int)did["rows"]!));
        Assert.NotNull((string?)did["snapshot_id"]);
        Assert.Equal(8, (int)(await PostAsync(admin, "expire", true))["snapshots"]!);
        Assert.Equal(0, (int)(await PostAsync(admin, "expire", false))["expired"]!);
        Assert.Equal(0, (int)(await PostAsync(admin, "orphans", false))["deleted"]!);
        var rows = await (await admin.PostAsJsonAsync("/api/v1/sql", new { sql = "SELECT count(*), sum(round), sum(x) FROM curated.kept" })).Content.ReadFromJsonAsync<JsonObject>();
        Assert.Equal(["600", "1500", "29700"], rows!["rows"]![0]!.AsArray().Select(v => v!.ToString()));

        using var wrong = await admin.PostAsJsonAsync(Path, new { action = "vacuum" });
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        using var absent = await admin.PostAsJsonAsync("/api/v1/tables/curated/absent/maintenance", new { action = "compact" });
        Assert.Equal(HttpStatusCode.NotFound, absent.StatusCode);
    }

    private static async Task<JsonObject> PostAsync(HttpClient client, string action, bool dryRun)
    {
        using var response = await client.PostAsJsonAsync(Path, new { action, dry_run = dryRun });
        Assert.True(response.IsSuccessStatusCode, $"{action}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }
}
