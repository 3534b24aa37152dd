using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using LakePortal.Engine.Native;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Capture.TextValues;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Reconciliation.Repair;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Capture.DeadLetters;

/// <summary>A dead letter as it is kept.</summary>
internal sealed record KeptLetter(
    string Position, string Operation, long? Xid, DateTimeOffset? CommittedAt, string Reason, string Payload, DateTimeOffset? LandedAt, DateTimeOffset? ReplayedAt, string? Outcome)
{
    public JsonObject Row => JsonNode.Parse(Payload)!.AsObject();
}

/// <summary>
/// Reads dead letters, and closes those whose rows are right by now: a letter that can be read under today's types becomes the change in raw that it was, at its
/// own position; refined was brought in line with the source before.
/// </summary>
internal sealed class DeadLetterReplay(CaptureRegistry registry, CaptureStore store, ITableCatalog catalog, LakeTables lakeTables, ILakeWriter writer, TimeProvider clock)
{
    /// <summary>The change is in raw now, and the lake's row is the source's.</summary>
    public const string Replayed = "replayed";

    /// <summary>The lake's row is the source's, whatever the change was; it cannot be read as it is.</summary>
    public const string Settled = "settled";

    private const string Letters = "kept_letters";
    private const string Changes = "replayed_changes";

    /// <summary>Newest first.</summary>
    /// <param name="sync">The sync.</param>
    /// <param name="isOpenOnly">Without those that were replayed.</param>
    /// <param name="positions">Only these; null: all.</param>
    /// <param name="before">Only older ones than at this position.</param>
    /// <param name="limit">At most so many; null: all.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<IReadOnlyList<KeptLetter>> ReadAsync(
        SyncDefinition sync, bool isOpenOnly, IReadOnlyCollection<string>? positions, string? before, int? limit, CancellationToken cancellationToken)
    {
        var identifier = DeadLetterTable.For(sync);
        if (await catalog.FindAsync(identifier, cancellationToken) is not { Metadata.CurrentSnapshot: not null } table)
        {
            return [];
        }

        await using var area = await writer.OpenStagingAsync(cancellationToken);
        await using var connection = area.OpenConnection();
        var position = table.Schema.Find("position")!.Id;
        var hasOutcome = table.Schema.Find("outcome") is not null;
        List<string> conditions = ["true"];
        if (isOpenOnly && hasOutcome)
        {
            conditions.Add("outcome IS NULL");
        }

        if (positions is not null)
        {
            conditions.Add(positions.Count == 0 ? "false" : $"position IN ({string.Join(", ", positions.Select(PgSql.Literal))})");
        }

        if (before is not null)
        {
            conditions.Add($"position < {PgSql.Literal(before)}");
        }

        Predicate? predicate = positions is { Count: > 0 } ? new Predicate.In(position, [.. positions.Select(p => (object)p)]) : before is null ? null : new Predicate.Compare(position, CompareOp.Less, before);
        await area.CopyTableAsync(connection, identifier, predicate, string.Join(" AND ", conditions), Letters, cancellationToken);
        await using var command = connection.CreateCommand();
        var most = limit is { } n ? string.Create(CultureInfo.InvariantCulture, $" LIMIT {n}") : "";
        command.CommandText = $"""
            SELECT position, op, txid, epoch_us(committed_at), reason, payload, epoch_us(landed_at), {(hasOutcome ? "epoch_us(replayed_at), outcome" : "NULL::BIGINT, NULL::VARCHAR")}
            FROM {Letters} ORDER BY position DESC{most}
            """;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var letters = new List<KeptLetter>();
        DateTimeOffset? Time(int column) => reader.IsDBNull(column) ? null : DateTimeOffset.UnixEpoch.AddTicks(reader.GetInt64(column) * TimeSpan.TicksPerMicrosecond);
        while (await reader.ReadAsync(cancellationToken))
        {
            letters.Add(new KeptLetter(
                reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetInt64(2), Time(3), reader.GetString(4), reader.GetString(5), Time(6), Time(7), reader.IsDBNull(8) ? null : reader.GetString(8)));
        }

        return letters;
    }

    /// <summary>Closes letters whose keys are equal on both sides now.</summary>
    /// <param name="sync">The sync.</param>
    /// <param name="letters">Those.</param>
    /// <param name="plan">Columns as the lake has them.</param>
    /// <param name="source">The source's table.</param>
    /// <param name="key">Key columns by their names in the lake.</param>
    /// <param name="runId">The run that found them equal.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>How many are in raw now as the changes that they were.</returns>
    public async Task<int> SettleAsync(SyncDefinition sync, IReadOnlyList<KeptLetter> letters, TablePlan plan, PgTable source, IReadOnlyList<string> key, string runId, CancellationToken cancellationToken)
    {
        if (letters.Count == 0)
        {
            return 0;
        }

        var (_, table) = registry.Find(sync.Name) ?? throw new RepairOutdatedException(sync.Name);
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            await using var area = await writer.OpenStagingAsync(cancellationToken);
            await using var connection = area.OpenConnection();
            var readable = Stage(connection, plan, letters);
            if (readable.Count > 0)
            {
                await AppendAsync(sync, plan, source, key, area, connection, readable, runId, cancellationToken);
            }

            await MarkAsync(sync, letters, readable, area, connection, cancellationToken);
            var open = (await ReadAsync(sync, isOpenOnly: true, null, null, null, cancellationToken)).Count;
            _ = await store.ChangeTableAsync(sync.Name, sync.Source, r => r.DeadLetters = open, cancellationToken);
            await store.AddEventAsync(sync.Source, sync.Name, "replay",
                $"{letters.Count} dead letters were replayed: {readable.Count} changes are in {sync.Raw} now, {letters.Count - readable.Count} rows were taken from the source.", null, cancellationToken);
            return readable.Count;
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    /// <returns>Positions of the letters that can be read under today's types.</returns>
    private static HashSet<string> Stage(DuckDBConnection connection, TablePlan plan, IReadOnlyList<KeptLetter> letters)
    {
        var columns = plan.Columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} {c.StagingType}"));
        Execute(connection, $"CREATE OR REPLACE TABLE {Changes} ({string.Join(", ", columns)}, lp_pos VARCHAR, lp_op VARCHAR, lp_xid BIGINT, lp_committed TIMESTAMPTZ, lp_unchanged VARCHAR, lp_read BOOLEAN)");
        using var appender = ChunkAppender.Open(connection, Changes);
        using var chunk = appender.CreateChunk();
        var decoders = plan.Columns.Select(TextForms.DecoderFor).ToList();
        var (row, n) = (0, plan.Columns.Count);
        var readable = new HashSet<string>(StringComparer.Ordinal);
        foreach (var letter in letters)
        {
            var isRead = Decode(chunk, row, plan, decoders, letter.Row, out var unchanged);
            if (isRead)
            {
                _ = readable.Add(letter.Position);
            }

            chunk[n].WriteVarchar(row, letter.Position.AsSpan());
            chunk[n + 1].WriteVarchar(row, letter.Operation.AsSpan());
            Write(chunk[n + 2], row, letter.Xid, static (v, r, x) => v.WriteInt64(r, x));
            Write(chunk[n + 3], row, letter.CommittedAt is { } at ? (at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond : null, static (v, r, x) => v.WriteTimestamp(r, x));
            if (unchanged.Count == 0)
            {
                chunk[n + 4].WriteNull(row);
            }
            else
            {
                chunk[n + 4].WriteVarchar(row, string.Join('\u001f', unchanged).AsSpan());
            }

            chunk[n + 5].WriteBoolean(row, isRead);
            if (++row == DataChunkBuilder.Capacity)
            {
                appender.Append(chunk, row);
                row = 0;
            }
        }

        appender.Append(chunk, row);
        appender.Complete();
        return readable;
    }

    private static bool Decode(DataChunkBuilder chunk, int row, TablePlan plan, List<ColumnDecoder> decoders, JsonObject payload, out List<string> unchanged)
    {
        unchanged = [];
        var isRead = true;
        for (var i = 0; i < decoders.Count; i++)
        {
            var name = plan.Columns[i].LakeName;
            if (payload[name] is not { } value)
            {
                chunk[i].WriteNull(row);
                if (!payload.ContainsKey(name))
                {
                    unchanged.Add(name);
                }

                continue;
            }

            try
            {
                // A hashed value was not kept.
                if (plan.Columns[i].Decoder is HashDecoder)
                {
                    isRead = false;
                    chunk[i].WriteNull(row);
                    continue;
                }

                decoders[i].Decode(chunk[i], row, Encoding.UTF8.GetBytes(value.GetValue<string>()));
            }
            catch (Exception e) when (e is ColumnNeedsTextException or ValueNotRepresentableException)
            {
                isRead = false;
                chunk[i].WriteNull(row);
            }
        }

        return isRead;
    }

    private async Task AppendAsync(
        SyncDefinition sync, TablePlan plan, PgTable source, IReadOnlyList<string> key, IStagingArea area, DuckDBConnection connection, HashSet<string> readable, string runId, CancellationToken cancellationToken)
    {
        var prepared = await lakeTables.PrepareAsync(sync, plan, source, key, rebuild: false, _ => { }, cancellationToken);

        // A process that ended between the two commits left them in raw already.
        const string Known = "replayed_before";
        await area.CopyTableAsync(connection, sync.Raw, new Predicate.In(prepared.Raw.Schema.Find("_position")!.Id, [.. readable.Select(p => (object)p)]),
            $"\"_position\" IN ({string.Join(", ", readable.Select(PgSql.Literal))})", Known, cancellationToken);
        var columns = plan.Columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} AS {PgSql.Quote(c.LakeName)}")).Concat(prepared.AbsentColumns);
        var now = clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
        var files = await area.WriteFilesAsync(
            connection,
            $"""
            SELECT {string.Join(", ", columns)}, lp_op AS "_op", 'CDC' AS "_load_type", lp_pos AS "_position", lp_xid AS "_txid", lp_committed AS "_committed_at", TIMESTAMPTZ '{now}' AS "_ingested_at",
              string_split(lp_unchanged, chr(31)) AS "_unchanged" FROM {Changes} WHERE lp_read AND lp_pos NOT IN (SELECT "_position" FROM {Known}) ORDER BY lp_pos
            """,
            sync.Raw, cancellationToken);
        if (files.Sum(f => f.RecordCount) > 0)
        {
            _ = await area.CommitAppendAsync(sync.Raw, files, new Dictionary<string, string> { [BatchRepairLanding.RunKey] = runId, [SnapshotNotes.Run] = runId }, cancellationToken);
        }
    }

    private async Task MarkAsync(SyncDefinition sync, IReadOnlyList<KeptLetter> letters, HashSet<string> readable, IStagingArea area, DuckDBConnection connection, CancellationToken cancellationToken)
    {
        var identifier = DeadLetterTable.For(sync);
        var table = await catalog.LoadAsync(identifier, cancellationToken);
        if (table.Schema.Find("outcome") is null)
        {
            _ = await table.UpdateSchemaAsync(u => u.AddColumn(null, "replayed_at", PrimitiveType.TimestampTz, "when its row was found right").AddColumn(null, "outcome", PrimitiveType.String, "replayed or settled; null: open"), cancellationToken);
        }

        await area.CopyTableAsync(connection, identifier, null, $"position IN ({string.Join(", ", letters.Select(l => PgSql.Literal(l.Position)))})", Letters, cancellationToken);
        var replayed = readable.Count == 0 ? "false" : $"position IN ({string.Join(", ", readable.Select(PgSql.Literal))})";
        _ = await area.MergeAsync(
            identifier, $"SELECT * REPLACE (now() AS replayed_at, CASE WHEN {replayed} THEN '{Replayed}' ELSE '{Settled}' END AS outcome) FROM {Letters}", ["position"], null, new Dictionary<string, string>(), cancellationToken);
    }

    private static void Write(VectorWriter vector, int row, long? value, Action<VectorWriter, int, long> write)
    {
        if (value is { } known)
        {
            write(vector, row, known);
        }
        else
        {
            vector.WriteNull(row);
        }
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
