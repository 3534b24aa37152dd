using LakePortal.Kernel.Telemetry;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LakePortal.Kernel.Persistence;

/// <summary>Brings the tables of every module up to date, one process at a time, and refuses a database that a newer program has changed.</summary>
internal sealed class ControlDatabaseMigrator(
    ControlDatabase database, IEnumerable<ModuleDb> modules, IServiceProvider services, ILogger<ControlDatabaseMigrator> logger)
{
    private const long AdvisoryLock = 0x1A4E_9047_0001;

    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var held = await LockAsync(cancellationToken);
            foreach (var module in modules)
            {
                await MigrateAsync(module, cancellationToken);
            }
        }
        catch (Exception error) when (error is SqliteException or NpgsqlException)
        {
            throw new ControlDatabaseException(
                "kernel.database-unavailable", $"The control database cannot be used: {error.Message}",
                database.IsPostgres ? "Check ControlDatabase:ConnectionString and that the server is up." : "Check that the data directory is writable and the disk is not full.",
                error);
        }
    }

    private async Task MigrateAsync(ModuleDb module, CancellationToken cancellationToken)
    {
        if (database.IsPostgres)
        {
            await using var connection = new NpgsqlConnection(database.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand($"CREATE SCHEMA IF NOT EXISTS \"{module.Module}\"", connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var context = module.Create(services);
        if (database.IsPostgres)
        {
            // Asking a table that is not there is answered, but also logged as a failure at every first start.
            await context.Database.ExecuteSqlRawAsync(context.GetService<IHistoryRepository>().GetCreateIfNotExistsScript(), cancellationToken);
        }

        var known = context.Database.GetMigrations().ToHashSet(StringComparer.Ordinal);
        var applied = (await context.Database.GetAppliedMigrationsAsync(cancellationToken)).ToList();
        if (applied.FirstOrDefault(m => !known.Contains(m)) is { } newer)
        {
            throw new ControlDatabaseException(
                "kernel.database-newer", $"The control database has the migration '{newer}' of module '{module.Module}', which this program does not know.",
                "Start the version of the program that last used this database, or a newer one.");
        }

        if (known.Count > applied.Count)
        {
            KernelLog.Migrating(logger, module.Module, known.Count - applied.Count);
            await context.Database.MigrateAsync(cancellationToken);
        }
    }

    /// <summary>PostgreSQL: an advisory lock over all modules, since several portals may start at once. SQLite: the data directory's lock does it.</summary>
    private async Task<IAsyncDisposable> LockAsync(CancellationToken cancellationToken)
    {
        if (database.IsPostgres)
        {
            var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false }.ToString());
            await connection.OpenAsync(cancellationToken);
            await using var take = new NpgsqlCommand("SELECT pg_advisory_lock(@key)", connection) { CommandTimeout = 120 };
            take.Parameters.AddWithValue("key", AdvisoryLock);
            await take.ExecuteNonQueryAsync(cancellationToken);
            return connection;
        }

        // EF Core's own lock is a table row; a process killed while migrating leaves it and every later start would wait for ever.
        var sqlite = new SqliteConnection(database.ConnectionString);
        await sqlite.OpenAsync(cancellationToken);
        await using (var journal = sqlite.CreateCommand())
        {
            journal.CommandText = "PRAGMA journal_mode=WAL";
            await journal.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var find = sqlite.CreateCommand();
        find.CommandText = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '__EFMigrationsLock'";
        if ((long)(await find.ExecuteScalarAsync(cancellationToken))! > 0)
        {
            await using var drop = sqlite.CreateCommand();
            drop.CommandText = "DELETE FROM \"__EFMigrationsLock\"";
            if (await drop.ExecuteNonQueryAsync(cancellationToken) > 0)
            {
                KernelLog.StaleMigrationLock(logger);
            }
        }

        return sqlite;
    }
}
