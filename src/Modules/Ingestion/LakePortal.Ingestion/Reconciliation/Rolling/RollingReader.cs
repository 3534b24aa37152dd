using System.Globalization;
using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Reconciliation.Comparison;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Syncs;
using Npgsql;

namespace LakePortal.Ingestion.Reconciliation.Rolling;

/// <summary>A range of keys that was read in a transaction of its own, and what that transaction saw.</summary>
internal sealed record ChunkRead(int Number, SeenTransactions Seen, long Rows, long Bytes);

/// <summary>Reads ranges of a source's table, each in a short transaction.</summary>
internal sealed class RollingReader : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlConnection _control;
    private readonly CopyPump _pump = new();
    private readonly SourceDefinition _source;
    private readonly SyncDefinition _sync;
    private readonly WatchedTable _watched;

    private RollingReader(SourceDefinition source, SyncDefinition sync, NpgsqlConnection connection, NpgsqlConnection control, PgTable table, WatchedTable watched) =>
        (_source, _sync, _connection, _control, Table, _watched) = (source, sync, connection, control, table, watched);

    public PgTable Table { get; }

    public static async Task<RollingReader> OpenAsync(PostgresConnector connector, SourceDefinition source, SyncDefinition sync, CancellationToken cancellationToken)
    {
        var connection = await connector.OpenAsync(source, cancellationToken);
        NpgsqlConnection? control = null;
        try
        {
            control = await connector.OpenAsync(source, cancellationToken);
            await using (var standby = new NpgsqlCommand("SELECT pg_catalog.pg_is_in_recovery()", control))
            {
                if (await standby.ExecuteScalarAsync(cancellationToken) is true)
                {
                    throw new ReconciliationNotPossibleException(sync.Name, "a standby does not say which transactions a read has seen", "Use the method 'snapshot', or name the primary as the source's host.");
                }
            }

            var watched = await WatchAsync(control, sync, cancellationToken);
            var table = await PgCatalog.ReadOneAsync(control, sync.Schema, sync.Table, cancellationToken);
            return watched is null || table is null
                ? throw new SourceTableMissingException(source.Name, sync.SourceTable)
                : new RollingReader(source, sync, connection, control, table, watched);
        }
        catch
        {
            await connection.DisposeAsync();
            if (control is not null)
            {
                await control.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>A transaction's number that is higher than those of all that have committed, or begun to write, by now.</summary>
    public async Task<long> HorizonAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_catalog.txid_current()", _control);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>What was seen by now was committed before it.</summary>
    public async Task<LogPosition> PositionAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.InsertPosition, _control);
        return LogPosition.Parse((string)(await command.ExecuteScalarAsync(cancellationToken))!);
    }

    /// <exception cref="SourceTableChangedException">The table is not what it was when reading began.</exception>
    public async Task<ChunkRead> ReadAsync(ComparedTable table, int number, RollingParts parts, RollingRows into, CancellationToken cancellationToken)
    {
        await using var transaction = await _connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);

        // Locked before the snapshot is taken: a truncation that is not seen has not happened either.
        await PgCatalog.LockAsync(_connection, Table, cancellationToken);
        SeenTransactions seen;
        await using (var command = new NpgsqlCommand("SELECT pg_catalog.txid_current_snapshot()::text", _connection))
        {
            seen = SeenTransactions.Parse((string)(await command.ExecuteScalarAsync(cancellationToken))!);
        }

        var now = await WatchAsync(_connection, _sync, cancellationToken);
        if (now is null || now.Oid != _watched.Oid || now.Definition != _watched.Definition)
        {
            throw new SourceTableChangedException(Table.Display, "its definition is another one now");
        }

        var copies = parts.Copies(table, number);
        var decoders = table.Plan.Columns.Select(c => c.Decoder).ToList();
        var (rows, bytes) = await Task.Factory.StartNew(() => Copy(copies, decoders, into, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await transaction.CommitAsync(cancellationToken);
        await into.TakeAsync(number, cancellationToken);
        return new ChunkRead(number, seen, rows, bytes);
    }

    /// <summary>Reads columns of rows into a staging table, outside of any comparison.</summary>
    public async Task CopyAsync(TablePlan plan, string where, RollingRows into, CancellationToken cancellationToken)
    {
        var copy = $"COPY (SELECT {string.Join(", ", plan.Columns.Select(c => c.Select))} FROM {Table.Sql} WHERE {where}) TO STDOUT (FORMAT binary)";
        var decoders = plan.Columns.Select(c => c.Decoder).ToList();
        _ = await Task.Factory.StartNew(() => Copy([copy], decoders, into, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await into.TakeAsync(0, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _control.DisposeAsync();
    }

    private static async Task<WatchedTable?> WatchAsync(NpgsqlConnection connection, SyncDefinition sync, CancellationToken cancellationToken) =>
        (await SourceWatch.ReadAsync(connection, [(sync.Schema, sync.Table)], cancellationToken)).Values.SingleOrDefault();

    private (long Rows, long Bytes) Copy(IReadOnlyList<string> copies, List<ColumnDecoder> decoders, RollingRows into, CancellationToken cancellationToken)
    {
        var (rows, bytes) = (0L, 0L);
        using var cancelled = cancellationToken.Register(CancelBackend);
        into.Begin();
        try
        {
            foreach (var sql in copies)
            {
                using var stream = _connection.BeginRawBinaryCopy(sql);
                _pump.Run(stream.Read, decoders, () => into.Chunk, (r, b) =>
                {
                    into.Append(r);
                    (rows, bytes) = (rows + r, bytes + b);
                }, cancellationToken);
            }
        }
        catch (PostgresException e) when (PostgresErrors.Translate(e, _source, _sync.SourceTable) is { } known)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw known;
        }

        into.Complete();
        return (rows, bytes);
    }

    /// <summary>A read that waits for the server does not look at the token: the server is told to stop. The other connection does nothing meanwhile.</summary>
    private void CancelBackend()
    {
        using var command = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_catalog.pg_cancel_backend({_connection.ProcessID})"), _control);
        _ = command.ExecuteScalar();
    }
}
