using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Identity;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Serving.Tests;

/// <summary>A real lake with the serving module: engine, writer and catalog on a control database of its own.</summary>
public sealed class ServingLake : IAsyncLifetime
{
    private TestLake? _lake;

    public TestLake Lake => _lake ?? throw new InvalidOperationException("Not started.");

    internal OpenDoor Door { get; } = new();

    public async Task InitializeAsync() => _lake = await StartAsync(null);

    public async Task DisposeAsync() => await Lake.DisposeAsync();

    public T Service<T>() where T : notnull => Lake.Services.GetRequiredService<T>();

    /// <summary>Makes a table of a SELECT's rows.</summary>
    public Task<WriteOutcome> WriteAsync(string table, string sql, WriteMode mode = WriteMode.Replace)
    {
        Assert.True(TableIdentifier.TryParse(table, out var target));
        return Service<ILakeWriter>().WriteQueryAsync(new WriteQuery(new LakeQueryRequest(sql, Caller.System), target, mode), default);
    }

    public Task<IReadOnlyList<PlannedChange>> ApplyAsync(string yaml) =>
        Lake.SendAsync(new ApplyConfiguration([new ConfigText("test.yaml", yaml)], DryRun: false, Prune: false));

    private Task<TestLake> StartAsync(string? postgres) => TestLake.StartAsync(
        [new ServingModule()], postgres, services => services.AddSingleton<IQueryAuthorizer>(Door));
}
