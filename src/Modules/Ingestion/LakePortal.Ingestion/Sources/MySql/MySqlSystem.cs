using System.Globalization;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Sources.MySql.Log;
using LakePortal.Ingestion.Sources.MySql.Wire;
using LakePortal.Kernel.Errors;

namespace LakePortal.Ingestion.Sources.MySql;

/// <summary>MySQL and MariaDB.</summary>
internal sealed class MySqlSystem(MySqlConnections connections) : SourceSystem
{
    public override IReadOnlyList<string> Types { get; } = ["mysql", "mariadb"];

    public override Task<(string Product, string Version)> SignInAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        AskAsync(source, s => (MySqlConnections.Product(s), s.ServerVersion), cancellationToken);

    public override Task<IReadOnlyList<SourceTable>> ReadTablesAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        AskAsync(source, s => (IReadOnlyList<SourceTable>)MySqlCatalog.ReadAll(s, source.Database), cancellationToken);

    public override Task<CaptureNotPossibleException?> FindObstacleAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        AskAsync(source, s => BinlogStart.FindObstacle(source, s), cancellationToken);

    public override async Task<LogPosition?> PositionAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(source, BinaryLog.Position, cancellationToken);
        }
        catch (SourceRefusedException)
        {
            // Whoever may only read tables may not see where the log is.
            return null;
        }
    }

    public override async Task<LogPosition> NextPositionAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        await AskAsync(source, BinaryLog.Position, cancellationToken) ?? throw new CaptureNotPossibleException(source.Name, "log-bin", "The server writes no binary log.", "Set log_bin = ON and server_id in its configuration, and restart it.");

    /// <summary>Files of the log have any length.</summary>
    public override long? BytesBetween(LogPosition from, LogPosition to) => from.File == to.File ? Math.Max(0L, (long)to.Place - from.Place) : null;

    public override Task<LoadSnapshot> TakeAsync(SourceDefinition source, TimeSpan exactWait, CancellationToken cancellationToken) => MySqlLoadSnapshot.TakeAsync(connections, source, exactWait, cancellationToken);

    public override LakePortalException? Translate(Exception error, SourceDefinition source, string? table = null) => MySqlErrors.Translate(error, source, table);

    public override string GrantHint(SourceDefinition source, SourceTable table) => $"GRANT SELECT ON {table.Sql} TO '{source.Username}'@'…';";

    private async Task<T> AskAsync<T>(SourceDefinition source, Func<MySqlSession, T> question, CancellationToken cancellationToken)
    {
        using var session = await connections.OpenAsync(source, cancellationToken);
        try
        {
            return await Task.Run(() => question(session), CancellationToken.None).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is not LakePortalException && Translate(e, source) is { } translated)
        {
            throw translated;
        }
    }
}

/// <summary>What the server says of its binary log.</summary>
internal static class BinaryLog
{
    /// <summary>Where it ends; null: there is none.</summary>
    public static LogPosition? Position(MySqlSession session)
    {
        // The statement has another name from MySQL 8.2 on, and loses the old one in 8.4.
        var sql = !session.IsMariaDb && MySqlConnections.VersionOf(session) >= new Version(8, 2) ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
        return session.Query(sql) is [var row] ? At(row[0]!, row[1]!) : null;
    }

    /// <remarks>Only a single transaction makes a file longer than 4 GiB; nothing follows it there.</remarks>
    public static LogPosition At(string file, string place) => LogPosition.InFile(NumberOf(file), (uint)Math.Min(uint.MaxValue, ulong.Parse(place, CultureInfo.InvariantCulture)));

    /// <summary>As the server's own tools write it: <c>binlog.000123:4711</c>.</summary>
    public static string Name(string baseName, LogPosition position) => string.Create(CultureInfo.InvariantCulture, $"{baseName}.{position.File:D6}:{position.Place}");

    /// <summary>The number at the end of a file's name: <c>binlog.000123</c>.</summary>
    public static uint NumberOf(string file) => uint.Parse(file.AsSpan(file.LastIndexOf('.') + 1), CultureInfo.InvariantCulture);
}
