using System.Text.Json.Nodes;
using Apache.Arrow;
using LakePortal.Engine.Queries;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Runs;
using LakePortal.Kernel.Scheduling;
using LakePortal.Serving;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LakePortal.Ingestion.Tests;

/// <summary>A lake with the ingestion module on it, and a database of the private PostgreSQL as its source.</summary>
public sealed class IngestionLake : IAsyncDisposable
{
    private IngestionLake(TestLake lake, PostgresServer server, string database) => (Lake, Server, Database) = (lake, server, database);

    public TestLake Lake { get; }

    public PostgresServer Server { get; }

    public string Database { get; }

    public ITableCatalog Catalog => Lake.Services.GetRequiredService<ITableCatalog>();

    public IRunStore Runs => Lake.Services.GetRequiredService<IRunStore>();

    public static Task<IngestionLake> StartAsync(PostgresServer server, string? database = null, IReadOnlyDictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null, params IModule[] more) =>
        StartAsync(server, null, database, settings, configure, more);

    /// <summary>Without PostgreSQL, for tests of other sources.</summary>
    public static Task<IngestionLake> StartWithoutSourceAsync(IReadOnlyDictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null, TemporaryDirectory? data = null) =>
        StartAsync(null!, data, "", settings, configure);

    /// <summary>Another process on what this one leaves.</summary>
    public async Task<IngestionLake> AgainAsync(IReadOnlyDictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null) =>
        await StartAsync(Server, await Lake.StopAsync(), Database, settings, configure);

    private static async Task<IngestionLake> StartAsync(
        PostgresServer server, TemporaryDirectory? data, string? database, IReadOnlyDictionary<string, string?>? settings, Action<IServiceCollection>? configure, params IModule[] more)
    {
        var lake = await TestLake.StartAsync([new ServingModule(), new IngestionModule(), .. more], configure: services =>
        {
            services.AddSingleton<IQueryAuthorizer, EverythingAllowed>();
            services.TryAddSingleton<IJobSchedule, NoSchedule>();
            configure?.Invoke(services);
        }, settings: settings, data: data);
        return new IngestionLake(lake, server, database ?? await server.CreateDatabaseAsync($"t{Guid.NewGuid():N}"));
    }

    /// <summary>Chunks so small that a table of a few megabytes has many.</summary>
    public static Dictionary<string, string?> SmallChunks => new() { ["Ingestion:SmallestChunkBytes"] = "262144", ["Ingestion:LargestChunkBytes"] = "262144" };

    public Task ExecuteAsync(string sql) => Server.ExecuteAsync(Database, sql);

    public string SourceYaml(string extra = "") =>
        $"""
        kind: source
        name: src
        type: postgres
        host: 127.0.0.1
        port: {Server.Port}
        database: {Database}
        username: {Server.User}
        {extra}
        """;

    public JsonObject SourceJson() => new()
    {
        ["name"] = "src", ["type"] = "postgres", ["host"] = "127.0.0.1", ["port"] = Server.Port, ["database"] = Database, ["username"] = Server.User,
    };

    public Task<IReadOnlyList<PlannedChange>> ApplyAsync(params string[] documents) =>
        Lake.SendAsync(new ApplyConfiguration([new ConfigText("test.yaml", string.Join("\n---\n", documents))], DryRun: false, Prune: false));

    /// <summary>Applies the source and a sync document.</summary>
    public Task<IReadOnlyList<PlannedChange>> SyncAsync(string tables, string extra = "") =>
        ApplyAsync(SourceYaml(), $"kind: sync\nsource: src\ntables: [{tables}]\n{extra}");

    public async Task<RunInfo> RunAsync(string sync, string? mode = null)
    {
        var run = await Lake.SendAsync(new RunSync(sync, mode));
        return await Lake.SendAsync(new AwaitSyncRun(run));
    }

    public async Task<RunInfo> SucceedAsync(string sync, string? mode = null)
    {
        var run = await RunAsync(sync, mode);
        if (run.State != RunState.Succeeded)
        {
            var log = await Runs.ReadLogAsync(run.Id, 0, 1000, CancellationToken.None);
            Assert.Fail($"{sync}: {run.State} {run.Error?.Code} {run.Error?.Message}\n{string.Join('\n', log.Select(l => l.Message))}");
        }

        return run;
    }

    /// <summary>Rows of a query on the lake, each as its columns' texts with | between; null is ∅.</summary>
    public async Task<List<string>> QueryAsync(string sql)
    {
        await using var query = await Lake.Services.GetRequiredService<ILakeEngine>().StartAsync(new LakeQueryRequest(sql, Caller.System), CancellationToken.None);
        var rows = new List<string>();
        await foreach (var batch in query.ReadAsync(CancellationToken.None))
        {
            for (var i = 0; i < batch.Length; i++)
            {
                rows.Add(string.Join('|', Enumerable.Range(0, batch.ColumnCount).Select(c => Text(batch.Column(c), i) ?? "∅")));
            }

            batch.Dispose();
        }

        return rows;
    }

    public async Task<string> ScalarAsync(string sql) => (await QueryAsync(sql)).Single();

    /// <summary>Files below a table's data directory.</summary>
    public async Task<IReadOnlyList<string>> DataFilesAsync(string table)
    {
        Assert.True(TableIdentifier.TryParse(table, out var identifier));
        var location = new Uri((await Catalog.LoadAsync(identifier, CancellationToken.None)).Metadata.Location).LocalPath;
        var data = Path.Combine(location, "data");
        return Directory.Exists(data) ? [.. Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories)] : [];
    }

    public ValueTask DisposeAsync() => Lake.DisposeAsync();

    private static string? Text(IArrowArray array, int row) => array.IsNull(row) ? null : array switch
    {
        StringArray s => s.GetString(row),
        Int64Array l => l.GetValue(row)!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Int32Array n => n.GetValue(row)!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        BooleanArray b => b.GetValue(row)!.Value ? "true" : "false",
        _ => throw new NotSupportedException($"Cast the column to VARCHAR: {array.GetType().Name}."),
    };

    private sealed class EverythingAllowed : IQueryAuthorizer
    {
        public Task<AccessDecision> AuthorizeAsync(Caller caller, IReadOnlyList<TableUse> tables, CancellationToken cancellationToken) =>
            Task.FromResult(new AccessDecision(true, null, new Dictionary<TableIdentifier, TableRestriction>()));

        public Task<IReadOnlyList<TableIdentifier>> VisibleAsync(Caller caller, IReadOnlyList<TableIdentifier> tables, CancellationToken cancellationToken) => Task.FromResult(tables);
    }

    internal sealed class NoSchedule : IJobSchedule
    {
        public Task SetAsync(string job, string id, CronSchedule schedule, bool paused, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task RemoveAsync(string job, string id, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task SetPausedAsync(string job, string id, bool paused, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<IReadOnlyList<DateTimeOffset>> NextFireTimesAsync(string job, string id, int count, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<DateTimeOffset>>([]);
    }
}

[CollectionDefinition(Name)]
public sealed class PostgresTests : ICollectionFixture<PostgresServer>
{
    public const string Name = "postgres";
}
