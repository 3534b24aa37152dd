using System.Data.Common;
using LakePortal.Kernel.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace LakePortal.Kernel.Persistence;

/// <summary>The database that holds everything but the lake's data. One place that knows both providers.</summary>
public sealed class ControlDatabase
{
    public ControlDatabase(ControlDatabaseOptions options, LakePaths paths)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(paths);
        switch (options.Provider)
        {
            case "sqlite":
                ConnectionString = new SqliteConnectionStringBuilder(options.ConnectionString)
                {
                    DataSource = options.ConnectionString.Length == 0
                        ? paths.ControlDatabase
                        : new SqliteConnectionStringBuilder(options.ConnectionString).DataSource,
                    ForeignKeys = true,
                    DefaultTimeout = 30,
                }.ToString();
                break;
            case "postgres":
                IsPostgres = true;
                ConnectionString = options.ConnectionString.Length > 0
                    ? options.ConnectionString
                    : throw new ControlDatabaseException(
                        "kernel.database-not-configured", "ControlDatabase:Provider is 'postgres', but ControlDatabase:ConnectionString is empty.",
                        "Set it to an Npgsql connection string: Host=…;Database=…;Username=…;Password=…");
                break;
            default:
                throw new ControlDatabaseException(
                    "kernel.database-not-configured", $"ControlDatabase:Provider is '{options.Provider}'.", "Use 'sqlite' or 'postgres'.");
        }
    }

    public bool IsPostgres { get; }

    internal string ConnectionString { get; }

    /// <summary>A closed connection whose unqualified names are those of <paramref name="module"/>: its schema on PostgreSQL, everything on SQLite.</summary>
    public DbConnection CreateConnection(string module) =>
        IsPostgres ? new NpgsqlConnection(ForModule(module)) : new SqliteConnection(ConnectionString);

    internal string ForModule(string module) => IsPostgres
        ? new NpgsqlConnectionStringBuilder(ConnectionString) { SearchPath = module, ApplicationName = "lakeportal" }.ToString()
        : ConnectionString;

    internal void Configure(DbContextOptionsBuilder options, string module)
    {
        var history = HistoryTable(module);
        if (IsPostgres)
        {
            options.UseNpgsql(ForModule(module), o => o.MigrationsHistoryTable(history));
        }
        else
        {
            options.UseSqlite(ConnectionString, o => o.MigrationsHistoryTable(history));
            options.AddInterceptors(SqliteConnectionSetup.Instance);
        }

        // The snapshot is written under one provider and compared under two; ModelMatchesDatabase tests compare with real databases instead.
        options.ConfigureWarnings(w => w.Ignore(RelationalEventId.PendingModelChangesWarning));
    }

    internal static string HistoryTable(string module) => $"{module}_migrations";
}
