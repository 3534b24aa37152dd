using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Tests;
using LakePortal.Serving.Catalog;
using LakePortal.Serving.Storage;
using LakePortal.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Serving.Tests.Catalog;

public sealed class CatalogOnSqliteTests : CatalogStoreContract, IAsyncLifetime
{
    private TestLake? _lake;

    public async Task InitializeAsync() => _lake = await TestLake.StartAsync([new ServingModule()]);

    public async Task DisposeAsync() => await _lake!.DisposeAsync();

    protected override Task<ICatalogStore> OpenAsync() => CatalogStores.OpenAsync(_lake!);
}

public sealed class CatalogOnPostgresTests(PostgresServer server) : CatalogStoreContract, IClassFixture<PostgresServer>, IAsyncLifetime
{
    private TestLake? _lake;

    public async Task InitializeAsync() =>
        _lake = await TestLake.StartAsync([new ServingModule()], server.ConnectionString(await server.CreateDatabaseAsync()));

    public async Task DisposeAsync() => await _lake!.DisposeAsync();

    protected override Task<ICatalogStore> OpenAsync() => CatalogStores.OpenAsync(_lake!);
}

internal static class CatalogStores
{
    public static Task<ICatalogStore> OpenAsync(TestLake lake) =>
        Task.FromResult<ICatalogStore>(new EfCatalogStore(lake.Services.GetRequiredService<IDbContextFactory<ServingDbContext>>()));
}
