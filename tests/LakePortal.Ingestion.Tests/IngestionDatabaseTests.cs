using LakePortal.Ingestion.Store;
using LakePortal.Kernel.Scheduling;
using LakePortal.Serving;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion.Tests;

/// <summary>The module's tables on both control databases.</summary>
[Collection(PostgresTests.Name)]
public sealed class IngestionDatabaseTests(PostgresServer server)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Migrations_are_portable_and_every_entity_can_be_written_and_read(bool postgres)
    {
        var database = postgres ? server.ConnectionString(await server.CreateDatabaseAsync($"c{Guid.NewGuid():N}")) : null;
        await using var lake = await TestLake.StartAsync([new ServingModule(), new IngestionModule()], database, services => services.AddSingleton<IJobSchedule, IngestionLake.NoSchedule>());

        ModuleDatabaseChecks.MigrationsArePortable(lake.Services, typeof(IngestionDbContext));
        await ModuleDatabaseChecks.EveryEntityCanBeWrittenAndReadAsync(lake.Services, typeof(IngestionDbContext));
    }
}
