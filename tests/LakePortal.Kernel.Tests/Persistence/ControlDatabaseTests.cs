using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Persistence;
using LakePortal.Kernel.Runs;
using LakePortal.Kernel.Runs.Persistence;
using LakePortal.TestSupport;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Kernel.Tests.Persistence;

public abstract class ControlDatabaseTests(PostgresServer? server) : IAsyncLifetime
{
    private TestLake _lake = null!;

    public async Task InitializeAsync() =>
        _lake = await TestLake.StartAsync([], server is null ? null : server.ConnectionString(await server.CreateDatabaseAsync()));

    public async Task DisposeAsync() => await _lake.DisposeAsync();

    [Fact]
    public void Migrations_are_portable() => ModuleDatabaseChecks.MigrationsArePortable(_lake.Services, typeof(RunsDbContext));

    [Fact]
    public Task Every_entity_can_be_written_and_read() => ModuleDatabaseChecks.EveryEntityCanBeWrittenAndReadAsync(_lake.Services, typeof(RunsDbContext));

    [Fact]
    public async Task Starting_again_changes_nothing()
    {
        var run = await _lake.Services.GetRequiredService<IRunStore>().CreateAsync("sync", "a", "manual", "ann", null, default);
        await _lake.Services.StartLakePortalAsync(default);
        Assert.NotNull(await _lake.Services.GetRequiredService<IRunStore>().FindAsync(run.Id, default));
    }

    [Fact]
    public async Task A_database_that_a_newer_program_has_changed_is_refused()
    {
        await ExecuteAsync("INSERT INTO kernel_migrations (\"MigrationId\", \"ProductVersion\") VALUES ('20990101000000_Future', '99')");
        var error = await Assert.ThrowsAsync<ControlDatabaseException>(() => _lake.Services.StartLakePortalAsync(default));
        Assert.Equal("kernel.database-newer", error.Code);
        Assert.Contains("20990101000000_Future", error.Message, StringComparison.Ordinal);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = _lake.Services.GetRequiredService<ControlDatabase>().CreateConnection("kernel");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}

public sealed class ControlDatabaseOnSqliteTests() : ControlDatabaseTests(null)
{
    [Fact]
    public async Task A_migration_lock_left_by_a_killed_process_does_not_stop_the_next_start()
    {
        using var directory = new TemporaryDirectory();
        var path = Path.Combine(directory, "control.db");
        await using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE \"__EFMigrationsLock\" (\"Id\" INTEGER NOT NULL PRIMARY KEY, \"Timestamp\" TEXT NOT NULL); INSERT INTO \"__EFMigrationsLock\" VALUES (1, '2026-01-01')";
            await command.ExecuteNonQueryAsync();
        }

        await using var lake = await TestLake.StartAsync([], settings: new Dictionary<string, string?> { ["ControlDatabase:ConnectionString"] = $"Data Source={path}" }).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(await lake.Services.GetRequiredService<IRunStore>().ListAsync(new RunFilter(), default));
    }

    [Fact]
    public async Task A_configuration_that_cannot_work_is_refused_in_a_sentence()
    {
        var error = await Assert.ThrowsAsync<ControlDatabaseException>(() => TestLake.StartAsync([], settings: new Dictionary<string, string?> { ["ControlDatabase:Provider"] = "oracle" }));
        Assert.Equal(("kernel.database-not-configured", "Use 'sqlite' or 'postgres'."), (error.Code, error.Hint));
    }

    [Fact]
    public async Task Versions_catch_a_lost_update()
    {
        using var directory = new TemporaryDirectory();
        var options = new DbContextOptionsBuilder<VersionedContext>().UseSqlite($"Data Source={Path.Combine(directory, "v.db")};Pooling=False").Options;
        await using var first = new VersionedContext(options);
        await first.Database.EnsureCreatedAsync();
        first.Add(new Versioned { Id = "a", Text = "0" });
        await first.SaveChangesAsync();
        await using var second = new VersionedContext(options);
        (await second.Things.SingleAsync()).Text = "second";
        await second.SaveChangesAsync();
        (await first.Things.SingleAsync()).Text = "first";
        await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => first.SaveChangesAsync());
    }

    internal sealed class Versioned
    {
        public required string Id { get; init; }

        public required string Text { get; set; }

        public long Version { get; init; }
    }

    internal sealed class VersionedContext(DbContextOptions<VersionedContext> options) : ModuleDbContext(options)
    {
        public DbSet<Versioned> Things => Set<Versioned>();
    }
}

[Collection(PostgresCollection.Name)]
public sealed class ControlDatabaseOnPostgresTests(PostgresServer server) : ControlDatabaseTests(server);
