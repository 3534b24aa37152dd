using System.Collections.Concurrent;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Serving;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Processing.Tests;

/// <summary>A real lake with the serving and processing modules. Its writer can be told to misbehave.</summary>
public sealed class ProcessingLake(TestLake lake) : IAsyncDisposable
{
    public TestLake Lake { get; } = lake;

    internal ControlledWriter Writer => (ControlledWriter)Lake.Services.GetRequiredService<ILakeWriter>();

    public static async Task<ProcessingLake> StartAsync(
        string? postgres = null, Action<IServiceCollection>? configure = null, IReadOnlyDictionary<string, string?>? settings = null)
    {
        var all = new Dictionary<string, string?>(settings ?? new Dictionary<string, string?>());
        all.TryAdd("Processing:ChangeDebounce", "00:00:00.020");
        return new ProcessingLake(await TestLake.StartAsync(
            [new ServingModule(), new ProcessingModule()],
            postgres,
            services =>
            {
                services.AddSingleton<IQueryAuthorizer, OpenDoor>();
                var real = services.Last(s => s.ServiceType == typeof(ILakeWriter));
                services.AddSingleton<ILakeWriter>(p => new ControlledWriter((ILakeWriter)real.ImplementationFactory!(p)));
                configure?.Invoke(services);
            },
            all));
    }

    public Task<IReadOnlyList<PlannedChange>> ApplyAsync(string yaml) =>
        Lake.SendAsync(new ApplyConfiguration([new ConfigText("test.yaml", yaml)], DryRun: false, Prune: false));

    public async Task<PipelineRunDetail> RunAsync(
        string pipeline, IReadOnlyDictionary<string, string>? parameters = null, string? from = null, string? of = null)
    {
        var id = await Lake.SendAsync(new RunPipeline(pipeline, parameters, from, of));
        await Lake.SendAsync(new AwaitPipelineRun(id));
        return await Lake.SendAsync(new GetPipelineRun(id));
    }

    /// <summary>The rows of a query as text, cells separated by '|'.</summary>
    public async Task<IReadOnlyList<string>> RowsAsync(string sql)
    {
        var answer = await Lake.SendAsync(new ExecuteQuery(sql));
        return [.. answer.Rows.Select(r => string.Join('|', r.Select(c => c is null ? "∅" : c.ToString())))];
    }

    public async Task WriteAsync(string table, string sql, WriteMode mode = WriteMode.Replace)
    {
        Assert.True(TableIdentifier.TryParse(table, out var target));
        await Writer.Inner.WriteQueryAsync(new WriteQuery(new LakeQueryRequest(sql, Caller.System), target, mode), default);
    }

    public async Task<Table> TableAsync(string table)
    {
        Assert.True(TableIdentifier.TryParse(table, out var target));
        return await Lake.Services.GetRequiredService<ITableCatalog>().LoadAsync(target, default);
    }

    /// <summary>Waits until there are so many runs and all have ended; newest first.</summary>
    public async Task<IReadOnlyList<RunInfo>> RunsAsync(string pipeline, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var runs = await Lake.Services.GetRequiredService<IRunStore>().ListAsync(new RunFilter { Kind = "pipeline", Name = pipeline }, limit.Token);
            if (runs.Count >= count && runs.All(r => r.FinishedAt is not null))
            {
                return runs;
            }

            await Task.Delay(10, limit.Token);
        }
    }

    public ValueTask DisposeAsync() => Lake.DisposeAsync();

    private sealed class OpenDoor : IQueryAuthorizer
    {
        public Task<AccessDecision> AuthorizeAsync(Caller caller, IReadOnlyList<TableUse> tables, CancellationToken cancellationToken) =>
            Task.FromResult(new AccessDecision(true, null, new Dictionary<TableIdentifier, TableRestriction>()));

        public Task<IReadOnlyList<TableIdentifier>> VisibleAsync(Caller caller, IReadOnlyList<TableIdentifier> tables, CancellationToken cancellationToken) =>
            Task.FromResult(tables);
    }
}

/// <summary>The real writer, with hooks by target before and after its work.</summary>
internal sealed class ControlledWriter(ILakeWriter inner) : ILakeWriter
{
    public ILakeWriter Inner => inner;

    public ConcurrentDictionary<string, Func<CancellationToken, Task>> Before { get; } = new();

    public ConcurrentDictionary<string, Func<Task>> After { get; } = new();

    public ConcurrentQueue<string> Started { get; } = new();

    public async Task<WriteOutcome> WriteQueryAsync(WriteQuery write, CancellationToken cancellationToken)
    {
        var target = write.Target.ToString();
        Started.Enqueue(target);
        if (Before.TryGetValue(target, out var before))
        {
            await before(cancellationToken);
        }

        var outcome = await inner.WriteQueryAsync(write, cancellationToken);
        if (After.TryGetValue(target, out var after))
        {
            await after();
        }

        return outcome;
    }

    public Task<IStagingArea> OpenStagingAsync(CancellationToken cancellationToken) => inner.OpenStagingAsync(cancellationToken);
}
