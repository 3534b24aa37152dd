using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace LakePortal.Kernel.Persistence;

/// <summary>Settings that SQLite keeps per connection; the journal mode is the file's and is set by the migrator, as EF Core opens some connections read-only. <c>synchronous=NORMAL</c> loses no committed transaction on a process kill under WAL.</summary>
internal sealed class SqliteConnectionSetup : DbConnectionInterceptor
{
    public const string Sql = "PRAGMA busy_timeout=30000; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;";

    public static readonly SqliteConnectionSetup Instance = new();

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        using var command = connection.CreateCommand();
        command.CommandText = Sql;
        command.ExecuteNonQuery();
    }

    public override async Task ConnectionOpenedAsync(
        DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = Sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
