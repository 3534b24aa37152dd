using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace LakePortal.Ingestion.Capture.Slots;

/// <param name="SystemId">The cluster's own identity: a restored or another cluster has another.</param>
/// <param name="Timeline">Rises with each failover and point-in-time recovery.</param>
internal sealed record ServerFacts(string SystemId, int Timeline, int Version);

/// <param name="Status">wal_status: reserved, extended, unreserved, lost; null before version 13.</param>
/// <param name="RetainedBytes">Log that the server keeps for the slot.</param>
/// <param name="SafeBytes">What may still be written before the slot is lost; null: no limit is set.</param>
internal sealed record SlotFacts(bool IsActive, int? ActiveProcess, string Database, string Plugin, LogPosition? Restart, LogPosition? Confirmed, string? Status, long? SafeBytes, long? RetainedBytes);

/// <summary>Publication and slot of a source: makes, checks and drops them, and says in SQL what somebody with more rights has to do.</summary>
internal sealed class SlotManager(SourceDefinition source, NpgsqlConnection connection)
{
    /// <exception cref="CaptureNotPossibleException">The server is not set up for it.</exception>
    public async Task<ServerFacts> CheckServerAsync(bool slotExists, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.ServerForCapture, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        _ = await reader.ReadAsync(cancellationToken);
        if (reader.GetString(0) is var level && level != "logical")
        {
            throw Impossible("wal-level", $"The server writes its log at level '{level}'; changes can be read only at level logical.", "ALTER SYSTEM SET wal_level = 'logical'; then restart the server.");
        }

        if (reader.GetBoolean(1) && reader.GetInt32(8) < 160000)
        {
            throw Impossible("standby", "The server is a standby; before version 16 only the primary gives out its changes.", "Name the primary as the source's host.");
        }

        if (!reader.GetBoolean(4))
        {
            throw Impossible("no-replication", $"The role '{source.Username}' may not replicate.", $"ALTER ROLE {PgSql.Quote(source.Username)} REPLICATION;");
        }

        if (!slotExists && reader.GetInt32(3) >= reader.GetInt32(2))
        {
            throw NoSlotLeft(source.Name, reader.GetInt32(2), reader.IsDBNull(9) ? null : reader.GetString(9));
        }

        return new ServerFacts(reader.GetString(5), reader.GetInt32(6), reader.GetInt32(8));
    }

    /// <summary>What keeps changes from being read, for somebody who has not asked for them yet; null: nothing.</summary>
    public async Task<CaptureNotPossibleException?> FindObstacleAsync(CancellationToken cancellationToken)
    {
        try
        {
            _ = await CheckServerAsync(slotExists: false, cancellationToken);
            return null;
        }
        catch (CaptureNotPossibleException obstacle)
        {
            return obstacle;
        }
    }

    public async Task<SlotFacts?> FindSlotAsync(string slot, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.Slot, connection) { Parameters = { new() { Value = slot } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
        var facts = new SlotFacts(reader.GetBoolean(0), reader.IsDBNull(1) ? null : reader.GetInt32(1), Text(2) ?? "", Text(3) ?? "", LogPosition.TryParse(Text(4)), LogPosition.TryParse(Text(5)), Text(6),
            reader.IsDBNull(7) ? null : reader.GetInt64(7), reader.IsDBNull(8) ? null : reader.GetInt64(8));
        if (facts.Plugin != "pgoutput" || facts.Database != source.Database)
        {
            throw Impossible("slot-in-use", $"The slot '{slot}' belongs to something else: database '{facts.Database}', plug-in '{facts.Plugin}'.", "Give the source another slot: slot: <name>.");
        }

        return facts;
    }

    public async Task<LogPosition> CreateSlotAsync(string slot, CancellationToken cancellationToken)
    {
        // The server makes it when every transaction that is open now has ended.
        await using var command = new NpgsqlCommand(PgCatalogSql.CreateSlot, connection) { Parameters = { new() { Value = slot } }, CommandTimeout = 0 };
        return LogPosition.Parse((string)(await command.ExecuteScalarAsync(cancellationToken))!);
    }

    /// <summary>Leaves a slot alone that somebody reads.</summary>
    public async Task DropSlotAsync(string slot, CancellationToken cancellationToken)
    {
        await using var drop = new NpgsqlCommand(PgCatalogSql.DropSlot, connection) { Parameters = { new() { Value = slot } } };
        _ = await drop.ExecuteScalarAsync(cancellationToken);
    }

    public async Task DropAsync(string slot, string publication, CancellationToken cancellationToken)
    {
        await DropSlotAsync(slot, cancellationToken);
        await using var command = new NpgsqlCommand($"DROP PUBLICATION IF EXISTS {PgSql.Quote(publication)}", connection);
        _ = await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Makes the publication hold these tables, as far as that needs a change.</summary>
    public async Task PublishAsync(string publication, IReadOnlyCollection<(string Schema, string Name)> tables, CancellationToken cancellationToken)
    {
        var wanted = tables.ToHashSet();
        var name = PgSql.Quote(publication);
        var list = string.Join(", ", wanted.Select(t => PgSql.Qualified(t.Schema, t.Name)));
        await using var find = new NpgsqlCommand(PgCatalogSql.Publication, connection) { Parameters = { new() { Value = publication } } };
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
            {
                await reader.DisposeAsync();
                await ExecuteAsync($"CREATE PUBLICATION {name} FOR TABLE {list} WITH (publish_via_partition_root = true)", cancellationToken);
                return;
            }

            if (!reader.GetBoolean(0) || !reader.GetBoolean(1))
            {
                throw Impossible("publication", $"The publication '{publication}' leaves changes out.", $"ALTER PUBLICATION {name} SET (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);");
            }

            if (reader.GetBoolean(2))
            {
                return;
            }
        }

        var published = new HashSet<(string, string)>();
        await using (var command = new NpgsqlCommand(PgCatalogSql.PublicationTables, connection) { Parameters = { new() { Value = publication } } })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                published.Add((reader.GetString(0), reader.GetString(1)));
            }
        }

        if (!published.SetEquals(wanted))
        {
            await ExecuteAsync($"ALTER PUBLICATION {name} SET TABLE {list}", cancellationToken);
        }
    }

    public async Task<bool> HasPublicationAsync(string publication, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(PgCatalogSql.Publication, connection) { Parameters = { new() { Value = publication } } };
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken);
    }

    /// <summary>Of these tables those whose changes the publication sends now.</summary>
    public static async Task<IReadOnlySet<(string Schema, string Name)>> PublishedAsync(
        NpgsqlConnection connection, string publication, IReadOnlyCollection<(string Schema, string Name)> tables, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.Published, connection)
        {
            Parameters = { new() { Value = publication }, new() { Value = tables.Select(t => t.Schema).ToArray() }, new() { Value = tables.Select(t => t.Name).ToArray() } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var published = new HashSet<(string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            _ = published.Add((reader.GetString(0), reader.GetString(1)));
        }

        return published;
    }

    /// <summary>A table whose rows cannot be told apart must not be published: the server would refuse its users' updates and deletes from then on.</summary>
    public async Task<CaptureHeldException?> RefusalAsync(string sync, PgTable table, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.Identity, connection) { Parameters = { new() { Value = table.Oid, NpgsqlDbType = NpgsqlDbType.Oid } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        _ = await reader.ReadAsync(cancellationToken);
        var (kind, persistence, hasInheritors) = (reader.GetChar(0), reader.GetChar(1), reader.GetBoolean(2));
        var bare = reader.IsDBNull(3) ? [] : reader.GetFieldValue<string[]>(3);
        return (kind, persistence) switch
        {
            (not ('r' or 'p'), _) => new CaptureHeldException(sync, $"{table.Display} is a {table.KindName}: its changes are not in the log.", "Use mode: batch or snapshot."),
            (_, 'u') => new CaptureHeldException(sync, $"{table.Display} is unlogged: its changes are not in the log.", $"ALTER TABLE {table.Sql} SET LOGGED; or use mode: batch."),
            _ when hasInheritors => new CaptureHeldException(sync, $"Other tables inherit from {table.Display}: the log names their changes as theirs.", "Use mode: batch; partitioned tables can be followed."),
            _ when bare.Length > 0 => new CaptureHeldException(sync,
                $"{string.Join(", ", bare)} has no replica identity: once published, the server would refuse updates and deletes of it.",
                $"{string.Concat(bare.Select(b => $"ALTER TABLE {b} REPLICA IDENTITY FULL; "))}or use mode: batch."),
            _ => null,
        };
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            _ = await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw Impossible("publication", $"'{source.Username}' may not publish the tables: {e.MessageText}.", $"As the tables' owner or a superuser: {sql};", e);
        }
    }

    /// <param name="source">Name of the source.</param>
    /// <param name="slots">max_replication_slots.</param>
    /// <param name="unused">A slot that nobody reads at the moment.</param>
    public static CaptureNotPossibleException NoSlotLeft(string source, int slots, string? unused) => new(source, "no-slot-left",
        $"All {slots} replication slots of the server are taken. A capture needs one, and one more for a moment while a table is loaded.",
        $"ALTER SYSTEM SET max_replication_slots = {slots + 5}; then restart the server.{(unused is null ? "" : $" Or drop one that nobody needs; nobody reads this one at the moment: SELECT pg_drop_replication_slot({PgSql.Literal(unused)});")}",
        isTransient: true);

    private CaptureNotPossibleException Impossible(string reason, string message, string hint, Exception? inner = null) => new(source.Name, reason, message, hint, inner: inner);
}
