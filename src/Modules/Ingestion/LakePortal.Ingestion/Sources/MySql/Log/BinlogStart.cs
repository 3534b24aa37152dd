using System.Globalization;
using System.Security.Cryptography;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Sources.MySql.Wire;
using LakePortal.Ingestion.Store;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <param name="File">Name of the log's file in which reading begins.</param>
internal sealed record BinlogStartPoint(LogPosition From, string File)
{
    /// <summary>Number of the reader.</summary>
    public uint Reader { get; init; }
}

/// <summary>Before the binary log is read: the server is checked, and it is found out whether the part that comes next is still there.</summary>
internal sealed class BinlogStart(CaptureServices services, SourceDefinition source, CaptureTables tables, MySqlSession control)
{
    private readonly TableStates _states = new(services, source, tables);

    public async Task<BinlogStartPoint> PrepareAsync(CancellationToken cancellationToken)
    {
        var (identity, files, now) = await Task.Run(Ask, CancellationToken.None).WaitAsync(cancellationToken);
        var row = await services.Store.OpenAsync(source.Name, BaseOf(files[^1].Name), NewReader(), cancellationToken);
        await _states.RestoreAsync(cancellationToken);
        var captured = LogPosition.TryParse(row.CapturedPosition);
        if (captured is null || captured == LogPosition.Zero)
        {
            captured = now;
            await services.Store.AddEventAsync(source.Name, null, "log", $"The binary log is followed from {Name(files, now)} on.", now, cancellationToken);
        }
        else if (await GapAsync(row, identity, files, now, captured.Value, cancellationToken) is { } gap)
        {
            await _states.NoteGapAsync(captured.Value, gap.Why, now, cancellationToken);
            await _states.ReloadAllAsync(captured.Value, gap.Why, gap.IsOther, cancellationToken);
            captured = now;
        }

        // What waits for its load may have been captured from another server before, whose positions this one has not reached.
        foreach (var table in tables.All.Where(t => t.State == CaptureStates.Waiting && t.RawPosition > now))
        {
            await _states.StartOverAsync(table, cancellationToken);
        }

        await CheckTablesAsync(cancellationToken);
        await services.Store.SetIdentityAsync(source.Name, identity, 0, cancellationToken);
        await services.Store.SetCapturedAsync(source.Name, captured.Value, cancellationToken);
        return At(files, captured.Value) with { Reader = uint.Parse(row.Publication, CultureInfo.InvariantCulture) };
    }

    /// <returns>Null: the log can be read.</returns>
    public static CaptureNotPossibleException? FindObstacle(SourceDefinition source, MySqlSession control)
    {
        CaptureNotPossibleException Impossible(string reason, string message, string hint) => new(source.Name, reason, message, hint);
        var settings = control.Query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_value_options', 'binlog_transaction_compression')")
            .ToDictionary(r => r[0]!, r => r[1] ?? "", StringComparer.OrdinalIgnoreCase);
        string Of(string name, string standard) => settings.GetValueOrDefault(name, standard).ToUpperInvariant();
        if (Of("log_bin", "OFF") is not ("ON" or "1"))
        {
            return Impossible("log-bin", "The server writes no binary log.", "Set log_bin and server_id in its configuration, and restart it.");
        }

        if (Of("binlog_format", "ROW") != "ROW")
        {
            return Impossible("binlog-format", $"The server logs statements, not rows: binlog_format is {Of("binlog_format", "")}.", "SET GLOBAL binlog_format = 'ROW'; and binlog_format = ROW in its configuration. Sessions that are open keep theirs.");
        }

        if (Of("binlog_row_image", "FULL") is not ("FULL" or "FULL_NODUP"))
        {
            return Impossible("row-image", $"The server logs parts of rows: binlog_row_image is {Of("binlog_row_image", "")}.", "SET GLOBAL binlog_row_image = 'FULL'; and the same in its configuration.");
        }

        if (Of("binlog_row_value_options", "").Length > 0 || Of("binlog_transaction_compression", "OFF") == "ON")
        {
            return Impossible("log-options", "The server logs parts of JSON values, or transactions that are compressed.", "SET GLOBAL binlog_row_value_options = ''; SET GLOBAL binlog_transaction_compression = OFF;");
        }

        try
        {
            _ = BinlogFile.All(control);
            _ = BinaryLog.Position(control);
            var grants = string.Join('\n', control.Query("SHOW GRANTS").Select(g => g[0])).ToUpperInvariant();
            return grants.Contains("ALL PRIVILEGES ON *.*", StringComparison.Ordinal) || grants.Contains("REPLICATION SLAVE", StringComparison.Ordinal) || grants.Contains("REPLICATION REPLICA", StringComparison.Ordinal) || grants.Contains("GRANT `", StringComparison.Ordinal)
                ? null
                : Impossible("no-replication", $"The user '{source.Username}' may not read the log.", $"GRANT REPLICATION SLAVE ON *.* TO '{source.Username}'@'…';");
        }
        catch (MySqlServerException e) when (e.Number is MySqlErrors.PrivilegeNeeded or MySqlErrors.AccessDenied)
        {
            return Impossible("no-replication", $"The user '{source.Username}' may not see where the log is: {e.Text}.",
                $"GRANT {(control.IsMariaDb ? "REPLICATION SLAVE, BINLOG MONITOR" : "REPLICATION SLAVE, REPLICATION CLIENT")} ON *.* TO '{source.Username}'@'…';");
        }
    }

    /// <summary>Why the changes of a table cannot be followed; null: they can.</summary>
    public static CaptureHeldException? Refusal(CapturedTable table, MySqlTable found)
    {
        if (found.Kind != 'r')
        {
            return new CaptureHeldException(table.Name, $"{found.Display} is a {found.KindName}: its changes are not in the log.", "Use mode: batch or snapshot.");
        }

        if (!found.IsTransactional)
        {
            return new CaptureHeldException(table.Name, $"{found.Display} is a table of the engine {found.Engine}, which has no snapshots: a load would have no exact position.", $"ALTER TABLE {found.Sql} ENGINE = InnoDB; or use mode: batch.");
        }

        var column = found.Columns.Cast<MySqlColumn>().FirstOrDefault(c => !c.IsGenerated && !table.Sync.Exclude.Contains(c.Name)
            && (c.DataType is "vector" || !Charsets.IsRead(c.Charset) || c.DisplayType.Contains("COMPRESSED", StringComparison.OrdinalIgnoreCase)));
        return column is null ? null : new CaptureHeldException(table.Name, $"The column '{column.Name}' of {found.Display} ({column.DisplayType}{(column.Charset is { } c ? $", {c}" : "")}) is logged in a form that is not read.",
            "Leave it out (columns.exclude), or use mode: batch.");
    }

    /// <summary>By it the server tells its readers apart, and ends a session that this lake has left behind. No other reader is likely to have it.</summary>
    private static string NewReader() => RandomNumberGenerator.GetInt32(0x10000000, int.MaxValue).ToString(CultureInfo.InvariantCulture);

    private static string BaseOf(string file) => file[..file.LastIndexOf('.')];

    private static string Name(List<BinlogFile> files, LogPosition position) => string.Create(CultureInfo.InvariantCulture, $"{files.Find(f => f.Number == position.File)?.Name ?? BaseOf(files[^1].Name)}:{position.Place}");

    /// <summary>Behind 4 GiB the protocol names no places: a transaction that ended there ended its file, too.</summary>
    private static BinlogStartPoint At(List<BinlogFile> files, LogPosition captured) => captured.Place == uint.MaxValue && files.Find(f => f.Number == captured.File + 1) is { } next
        ? new BinlogStartPoint(LogPosition.InFile(next.Number, 4), next.Name)
        : new BinlogStartPoint(captured, files.First(f => f.Number == captured.File).Name);

    private (string Identity, List<BinlogFile> Files, LogPosition Now) Ask()
    {
        if (FindObstacle(source, control) is { } obstacle)
        {
            throw obstacle;
        }

        // Before the position: a file that begins in between is looked for in a list that has it.
        var identity = control.Query(control.IsMariaDb ? "SELECT CONCAT(@@hostname, ':', @@port, ':', @@server_id)" : "SELECT @@server_uuid")[0][0]!;
        var now = BinaryLog.Position(control)!.Value;
        return (identity, BinlogFile.All(control), now);
    }

    private async Task<(string Why, bool IsOther)?> GapAsync(CaptureRow row, string identity, List<BinlogFile> files, LogPosition now, LogPosition captured, CancellationToken cancellationToken)
    {
        if (row.SystemId is { } known && known != identity)
        {
            return ($"the source is another server ({identity}) than before ({known})", true);
        }

        if (captured > now)
        {
            return ("the server began its log anew (RESET MASTER, or a restored copy)", true);
        }

        if (files.Find(f => f.Number == captured.File) is not { } file)
        {
            return files[0].Number > captured.File ? ($"the server has removed its log before file {files[0].Name} (expire_logs_days, binlog_expire_logs_seconds, or PURGE BINARY LOGS)", false) : ("the server began its log anew", true);
        }

        return captured.Place == uint.MaxValue || captured.Place <= file.Size && await Task.Run(() => IsBoundary(file, captured), CancellationToken.None).WaitAsync(cancellationToken)
            ? null
            : ("the server began its log anew (RESET MASTER, or a restored copy)", true);
    }

    /// <summary>An event begins at the position: otherwise it is a position of another log.</summary>
    private bool IsBoundary(BinlogFile file, LogPosition position)
    {
        if (position.Place >= file.Size)
        {
            return true;
        }

        try
        {
            _ = control.Query(string.Create(CultureInfo.InvariantCulture, $"SHOW BINLOG EVENTS IN {MySqlSql.Literal(file.Name)} FROM {Math.Max(4, position.Place)} LIMIT 1"));
            return true;
        }
        catch (MySqlServerException e) when (e.Number == MySqlErrors.BinlogEvents)
        {
            return false;
        }
    }

    private async Task CheckTablesAsync(CancellationToken cancellationToken)
    {
        var followed = 0;
        foreach (var table in tables.All)
        {
            var found = await Task.Run(() => MySqlCatalog.ReadOne(control, table.Sync.Schema, table.Sync.Table), CancellationToken.None).WaitAsync(cancellationToken);
            var refusal = found is null
                ? new CaptureHeldException(table.Name, $"The table {table.Sync.SourceTable} does not exist in source '{source.Name}'.", "Check the name, or delete the sync.")
                : Refusal(table, found);
            if (refusal is not null)
            {
                await services.Lander.HoldAsync(source.Name, table, refusal, cancellationToken);
                continue;
            }

            followed++;
            if (table.State == CaptureStates.Held && table.RawPosition == LogPosition.Zero)
            {
                // It was refused before it was ever read; what was wrong with it is not any more.
                table.State = CaptureStates.Waiting;
                _ = await services.Store.ChangeTableAsync(table.Name, source.Name, r => (r.State, r.Reason, r.Hint) = (CaptureStates.Waiting, null, null), cancellationToken);
            }
        }

        if (followed == 0)
        {
            throw new CaptureNotPossibleException(source.Name, "tables", $"None of the tables of '{source.Name}' can be captured.", "The syncs say why, each for its table.");
        }
    }
}
