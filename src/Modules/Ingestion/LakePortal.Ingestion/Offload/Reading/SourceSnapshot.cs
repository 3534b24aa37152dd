using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;
using Npgsql;

namespace LakePortal.Ingestion.Offload.Reading;

/// <summary>
/// One moment of the source, held open by an idle transaction, which any number of connections can look at. Everything that a load reads, its
/// catalog look-ups included, is read in it.
/// </summary>
internal sealed class SourceSnapshot : IAsyncDisposable
{
    private readonly PostgresConnector _connector;
    private readonly SourceDefinition _source;
    private readonly NpgsqlTransaction _transaction;

    private SourceSnapshot(PostgresConnector connector, SourceDefinition source, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _connector = connector;
        _source = source;
        Connection = connection;
        _transaction = transaction;
    }

    /// <summary>The connection that holds the snapshot; for look-ups, by one caller at a time.</summary>
    public NpgsqlConnection Connection { get; }

    public SourceDefinition Source => _source;

    public required string Name { get; init; }

    /// <summary>
    /// Log position. Exact: what is committed behind it is what the snapshot does not see. Otherwise taken just before the snapshot: what is behind it may be
    /// in the snapshot too, and of what is before it only a transaction that was just becoming visible may be missing.
    /// </summary>
    public required string Position { get; init; }

    public required bool IsExact { get; init; }

    /// <summary>64-bit id below which every transaction had ended.</summary>
    public required long Xmin { get; init; }

    public required long Xmax { get; init; }

    public required uint DatabaseOid { get; init; }

    /// <summary>
    /// Statement by which a further connection locks the table before it reads. It must not wait: behind a TRUNCATE that waits for this snapshot's own lock
    /// it would wait for ever. Failing, it ends the attempt, which lets the other through.
    /// </summary>
    public string? ReaderLock { get; set; }

    public static async Task<SourceSnapshot> TakeAsync(PostgresConnector connector, SourceDefinition source, TimeSpan exactWait, CancellationToken cancellationToken)
    {
        var connection = await connector.OpenAsync(source, cancellationToken);
        try
        {
            // The snapshot outlives its slot: the transaction below takes it over and exports it itself.
            await using var exact = await ExactMoment.TryTakeAsync(connector, source, connection, exactWait, cancellationToken);
            var position = exact?.Position ?? await PositionAsync(connection, cancellationToken);
            var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
            await using (var readOnly = new NpgsqlCommand(exact is null ? "SET TRANSACTION READ ONLY" : $"SET TRANSACTION READ ONLY; SET TRANSACTION SNAPSHOT '{exact.Snapshot}'", connection))
            {
                _ = await readOnly.ExecuteNonQueryAsync(cancellationToken);
            }

            await using var export = new NpgsqlCommand(PgCatalogSql.ExportSnapshot, connection);
            await using var reader = await export.ExecuteReaderAsync(cancellationToken);
            _ = await reader.ReadAsync(cancellationToken);
            return new SourceSnapshot(connector, source, connection, transaction)
            {
                Name = reader.GetString(0),
                Xmin = reader.GetInt64(1),
                Xmax = reader.GetInt64(2),
                DatabaseOid = reader.GetFieldValue<uint>(3),
                Position = position,
                IsExact = exact is not null,
            };
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (PostgresErrors.Translate(e, source) is { } translated && translated != e)
            {
                throw translated;
            }

            throw;
        }
    }

    private static async Task<string> PositionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.Position, connection);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>A further connection that sees the same moment, to copy by.</summary>
    /// <exception cref="SourceSnapshotLostException">The moment is gone.</exception>
    public async Task<ICopyConnection> OpenReaderAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _connector.OpenCopyAsync(_source, $"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{Name}'; {ReaderLock}", cancellationToken);
        }
        catch (Exception e) when (MeansLost(e as PostgresException ?? e.InnerException as PostgresException))
        {
            throw new SourceSnapshotLostException(_source.Name, _source.Address, e);
        }
    }

    /// <summary>An exported snapshot lives as long as the session that exported it. The server's words are in its own language; the codes changed with version 17.</summary>
    private static bool MeansLost(PostgresException? e) => e?.SqlState
        is PostgresErrorCodes.InvalidParameterValue or PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.ObjectNotInPrerequisiteState;

    /// <summary>A connection outside the snapshot, to give orders to the server.</summary>
    public Task<NpgsqlConnection> OpenControlAsync(CancellationToken cancellationToken) => _connector.OpenAsync(_source, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        // The server ends the transaction with its connection; to end it by a command would wait for an answer that a broken network never brings.
        await Connection.DisposeAsync();
        await _transaction.DisposeAsync();
    }
}
