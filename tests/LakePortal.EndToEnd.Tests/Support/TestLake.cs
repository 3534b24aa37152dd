using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Commands;
using LakePortal.Cli.Processes;

namespace LakePortal.EndToEnd.Tests.Support;

/// <summary>A PostgreSQL and a portal of their own in a folder that is removed at the end.</summary>
internal sealed class TestLake : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly Dictionary<string, string> _environment;
    private PortalProcess? _portal;

    private TestLake(DirectoryInfo folder, PrivatePostgres postgres, IReadOnlyDictionary<string, string> environment)
    {
        _folder = folder;
        Postgres = postgres;
        _environment = new Dictionary<string, string>(environment) { ["SOURCE_PASSWORD"] = postgres.Password };
    }

    public PrivatePostgres Postgres { get; }

    public PortalProcess Portal => _portal ?? throw new InvalidOperationException("The portal is not running.");

    public ApiClient Api { get; private set; } = null!;

    public string DataDirectory => Path.Combine(_folder.FullName, "data");

    /// <summary>What the portal printed so far, all starts together.</summary>
    public List<string> PortalLines { get; } = [];

    /// <param name="environment">Further environment variables of the portal.</param>
    public static async Task<TestLake> StartAsync(Func<PrivatePostgres, IReadOnlyDictionary<string, string>>? environment = null)
    {
        var folder = Directory.CreateTempSubdirectory("lakeportal-test-");
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
        var settings = new Dictionary<string, string> { ["fsync"] = "off", ["shared_buffers"] = "128MB", ["wal_level"] = "logical", ["timezone"] = "UTC" };
        var postgres = await PrivatePostgres.StartAsync(Path.Combine(folder.FullName, "postgres"), settings, CancellationToken.None);
        var lake = new TestLake(folder, postgres, environment?.Invoke(postgres) ?? new Dictionary<string, string>());
        await lake.StartPortalAsync();
        return lake;
    }

    public async Task StartPortalAsync()
    {
        _portal = await PortalProcess.StartAsync(DataDirectory, FreePort.Find(), _environment, Note, CancellationToken.None);
        Api?.Dispose();
        Api = _portal.Api();
    }

    /// <summary>Another portal with the same settings and a data directory of its own.</summary>
    public Task<PortalProcess> StartSecondPortalAsync() =>
        PortalProcess.StartAsync(Path.Combine(_folder.FullName, "second"), FreePort.Find(), _environment, Note, CancellationToken.None);

    /// <summary>Everything that the portal printed, in one text.</summary>
    public string Printed()
    {
        lock (PortalLines)
        {
            return string.Join('\n', PortalLines);
        }
    }

    public Task KillPortalAsync() => Portal.KillAsync();

    public Task<JsonElement> ApplyAsync(string yaml) => ApplyCommand.SendAsync(Api, [("test.yaml", yaml)], false, false, CancellationToken.None);

    /// <summary>A <c>kind: source</c> document for a database of the private server.</summary>
    public string SourceYaml(string name, string database) =>
        $$"""
        kind: source
        name: {{name}}
        type: postgres
        host: 127.0.0.1
        port: {{Postgres.Port}}
        database: {{database}}
        username: postgres
        password: ${env:SOURCE_PASSWORD}
        """;

    public async Task<JsonElement> RunSyncAsync(string name, string? mode = null)
    {
        var runId = await SyncCommand.StartAsync(Api, name, mode, CancellationToken.None);
        return await WaitAsync(runId);
    }

    public async Task<JsonElement> WaitAsync(string runId)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        return await RunWatcher.WaitAsync(Api, runId, patience.Token);
    }

    public async Task<(List<(string Name, string Type)> Columns, List<List<JsonElement>> Rows)> QueryAsync(string sql)
    {
        var answer = await Api.PostAsync("/api/v1/sql", new JsonObject { ["sql"] = sql, ["limit"] = 100_000 }, CancellationToken.None);
        Assert.False(answer.TryGetProperty("truncated", out var truncated) && truncated.GetBoolean(), "The result was truncated.");
        return (
            [.. answer.GetProperty("columns").EnumerateArray().Select(c => (c.GetProperty("name").GetString()!, c.GetProperty("type").GetString()!))],
            [.. answer.GetProperty("rows").EnumerateArray().Select(r => r.EnumerateArray().ToList())]);
    }

    public async Task<string> ScalarAsync(string sql) => (await QueryAsync(sql)).Rows[0][0].ToString();

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        if (_portal is not null)
        {
            await _portal.DisposeAsync();
        }

        await Postgres.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private void Note(string line)
    {
        lock (PortalLines)
        {
            PortalLines.Add(line);
        }
    }
}
