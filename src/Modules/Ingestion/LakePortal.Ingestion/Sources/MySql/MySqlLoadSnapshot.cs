using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Sources.MySql.Log;
using LakePortal.Ingestion.Sources.MySql.Wire;
using LakePortal.Kernel.Errors;

namespace LakePortal.Ingestion.Sources.MySql;

/// <summary>
/// One moment of MySQL or MariaDB, seen by several sessions at once. MariaDB tells each consistent snapshot's place in the binary log: sessions whose snapshots
/// have the same place see the same rows, so they are begun again until they agree. Otherwise all begin under a short FLUSH TABLES WITH READ LOCK, where the
/// user may do that. Where neither works there is one session, and the position is taken before it.
/// </summary>
internal sealed class MySqlLoadSnapshot : LoadSnapshot
{
    private const int MostTries = 20;
    private const string Begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

    private readonly MySqlConnections _connections;
    private readonly SourceDefinition _source;
    private readonly List<MySqlSession> _sessions;
    private readonly Queue<MySqlSession> _free;
    private readonly MySqlSession _control;
    private readonly LogPosition _position;
    private readonly bool _isExact;
    private MySqlTable? _table;

    private MySqlLoadSnapshot(MySqlConnections connections, SourceDefinition source, MySqlSession control, List<MySqlSession> sessions, LogPosition position, bool isExact)
    {
        (_connections, _source, _control, _sessions, _position, _isExact) = (connections, source, control, sessions, position, isExact);
        _free = new Queue<MySqlSession>(sessions);
    }

    public override string Position => _position.ToString();

    public override bool IsExact => _isExact && IsOneMoment;

    /// <summary>Engines without transactions have no snapshots: each row is read as it is when its turn comes.</summary>
    public override bool IsOneMoment => _table is not { Kind: 'r', IsTransactional: false };

    public override Task<Exception> WhyInexactAsync(CancellationToken cancellationToken) => Task.FromResult<Exception>(IsOneMoment
        ? new SourceUnavailableException(_source.Name, $"{_source.Address} gave no snapshot whose place in the binary log is known.", $"GRANT {(_control.IsMariaDb ? "BINLOG MONITOR" : "RELOAD, REPLICATION CLIENT")} ON *.* TO '{_source.Username}'@'…'; and see that its binary log is on.")
        : new CaptureHeldException(_table!.Display, $"{_table.Display} is a table of the engine {_table.Engine}, which has no snapshots: a load would have no exact position.", $"ALTER TABLE {_table.Sql} ENGINE = InnoDB; or use mode: batch."));

    public static async Task<LoadSnapshot> TakeAsync(MySqlConnections connections, SourceDefinition source, TimeSpan exactWait, CancellationToken cancellationToken)
    {
        var sessions = new List<MySqlSession>();
        var control = await connections.OpenAsync(source, cancellationToken);
        try
        {
            for (var i = 0; i < Math.Max(1, source.Parallelism); i++)
            {
                sessions.Add(await connections.OpenAsync(source, cancellationToken));
            }

            var (position, isExact, used) = await Task.Run(() => Align(control, sessions, exactWait), CancellationToken.None).WaitAsync(cancellationToken);
            foreach (var spare in sessions.Skip(used))
            {
                spare.Dispose();
            }

            return new MySqlLoadSnapshot(connections, source, control, [.. sessions.Take(used)], position ?? LogPosition.Zero, isExact);
        }
        catch (Exception e)
        {
            control.Dispose();
            sessions.ForEach(s => s.Dispose());
            if (MySqlErrors.Translate(e, source) is { } translated && translated != e)
            {
                throw translated;
            }

            throw;
        }
    }

    public override Task<SourceTable?> DescribeAsync(string schema, string table, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            _table = MySqlCatalog.ReadOne(_control, schema, table);
            if (_table is { Kind: 'r' } found)
            {
                // From its first look on the server keeps the table from being redefined or truncated; one that was since the snapshot is refused.
                foreach (var session in _sessions)
                {
                    session.Execute($"SELECT 1 FROM {found.Sql} LIMIT 1");
                }
            }

            return (SourceTable?)_table;
        }, CancellationToken.None).WaitAsync(cancellationToken);

    public override Task<LoadAccess> AccessAsync(SourceTable table, CancellationToken cancellationToken) =>
        Task.Run<LoadAccess>(() => MySqlLoadAccess.For((MySqlTable)table, _sessions[0], _control, _sessions.Count), CancellationToken.None).WaitAsync(cancellationToken);

    /// <summary>Every change of a definition is in the log; the text tells whether there was one.</summary>
    public override Task<(string Heaps, string Definition)> WatchAsync(SourceTable table, CancellationToken cancellationToken) => Task.FromResult(("", Definitions.Text(table)));

    public override Task<IChunkReader> OpenReaderAsync(SourceTable table, TablePlan plan, CancellationToken cancellationToken)
    {
        lock (_free)
        {
            // A session that broke took its view of the moment with it.
            return _free.TryDequeue(out var session)
                ? Task.FromResult<IChunkReader>(new MySqlChunkReader(_connections, _source, session, (MySqlTable)table, plan))
                : throw new SourceSnapshotLostException(_source.Name, _source.Address, new IOException("A session with the snapshot was lost."));
        }
    }

    public override ValueTask DisposeAsync()
    {
        _control.Dispose();
        _sessions.ForEach(s => s.Dispose());
        return ValueTask.CompletedTask;
    }

    /// <returns>The position, whether it belongs to the rows exactly, and how many of the sessions see the moment.</returns>
    private static (LogPosition? Position, bool IsExact, int Used) Align(MySqlSession control, List<MySqlSession> sessions, TimeSpan exactWait)
    {
        foreach (var session in sessions)
        {
            session.Execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        }

        for (var attempt = 1; attempt <= MostTries; attempt++)
        {
            var places = sessions.Select(BeginAtPlace).ToList();
            if (places[0] is { } first && places.TrueForAll(p => p == first))
            {
                return (first, true, sessions.Count);
            }

            if (places[0] is null)
            {
                break;
            }

            if (attempt == MostTries)
            {
                // The log moves too fast for all of them to agree, and the lock is not worth its price where one session knows its place exactly.
                return TryLocked(control, sessions, exactWait) ?? (BeginAtPlace(sessions[0]), true, 1);
            }
        }

        if (TryLocked(control, sessions, exactWait) is { } locked)
        {
            return locked;
        }

        var before = TryPosition(control);
        sessions[0].Execute(Begin);
        return (before, false, 1);
    }

    /// <returns>Where the binary log was at the snapshot; null: the server does not tell.</returns>
    private static LogPosition? BeginAtPlace(MySqlSession session)
    {
        session.Execute(Begin);
        if (!session.IsMariaDb)
        {
            return null;
        }

        var status = session.Query("SHOW STATUS LIKE 'binlog_snapshot_%'").ToDictionary(r => r[0]!, r => r[1]!, StringComparer.OrdinalIgnoreCase);
        return status.TryGetValue("Binlog_snapshot_file", out var file) && file.Length > 0 ? BinaryLog.At(file, status["Binlog_snapshot_position"]) : null;
    }

    /// <returns>Null: the user may not lock, or somebody kept the server from it for too long.</returns>
    private static (LogPosition? Position, bool IsExact, int Used)? TryLocked(MySqlSession control, List<MySqlSession> sessions, TimeSpan longest)
    {
        if (longest <= TimeSpan.Zero)
        {
            return null;
        }

        try
        {
            // Whoever writes waits behind the lock, and the lock waits for the longest statement that is going on: both only for so long.
            var seconds = Math.Max(1, (int)longest.TotalSeconds);
            control.Execute(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"SET @lakeportal_wait = @@SESSION.lock_wait_timeout, SESSION lock_wait_timeout = {seconds}"));
            control.Execute("FLUSH TABLES WITH READ LOCK");
        }
        catch (MySqlServerException e) when (e.Number is MySqlErrors.PrivilegeNeeded or MySqlErrors.LockWaitTimeout or MySqlErrors.AccessDenied or MySqlErrors.TableAccessDenied)
        {
            control.Execute("SET SESSION lock_wait_timeout = @lakeportal_wait");
            return null;
        }

        try
        {
            foreach (var session in sessions)
            {
                session.Execute(Begin);
            }

            var position = TryPosition(control);
            return (position, position is not null, sessions.Count);
        }
        finally
        {
            control.Execute("UNLOCK TABLES");
            control.Execute("SET SESSION lock_wait_timeout = @lakeportal_wait");
        }
    }

    private static LogPosition? TryPosition(MySqlSession control)
    {
        try
        {
            return BinaryLog.Position(control);
        }
        catch (MySqlServerException e) when (e.Number is MySqlErrors.PrivilegeNeeded or MySqlErrors.AccessDenied)
        {
            // Who may only read tables is not told where the log is.
            return null;
        }
    }
}
