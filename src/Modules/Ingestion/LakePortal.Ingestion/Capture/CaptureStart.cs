using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Store;
using Npgsql;

namespace LakePortal.Ingestion.Capture;

internal sealed record StartPoint(string Slot, string Publication, LogPosition From);

/// <summary>Before a log is read: the server is checked, slot and publication are made fit, and it is found out whether a part of the log is missing.</summary>
internal sealed class CaptureStart(CaptureServices services, SourceDefinition source, CaptureTables tables, NpgsqlConnection connection)
{
    private readonly SlotManager _slots = new(source, connection);
    private readonly TableStates _states = new(services, source, tables);

    public async Task<StartPoint> PrepareAsync(CancellationToken cancellationToken)
    {
        var row = await services.Store.OpenAsync(source.Name, tables.Slot, tables.Publication, cancellationToken);
        var slot = await _slots.FindSlotAsync(tables.Slot, cancellationToken);
        var server = await _slots.CheckServerAsync(slot is not null, cancellationToken);
        if (slot is { IsActive: true })
        {
            throw new CaptureNotPossibleException(source.Name, "slot-in-use", $"The slot '{tables.Slot}' is being read by another process (server process {slot.ActiveProcess}).",
                "Another LakePortal, or a connection that has not ended yet, reads it. If it is neither, give the source another slot: slot: <name>.", isTransient: true);
        }

        await _states.RestoreAsync(cancellationToken);
        await CheckPositionsAsync(cancellationToken);

        // What was missed is noted before it is put right: a process that ends in between must still find it.
        var isPublished = await _slots.HasPublicationAsync(tables.Publication, cancellationToken);
        slot = await HealAsync(row, slot, server, isPublished, cancellationToken);
        await PublishAsync(isPublished, cancellationToken);
        await services.Store.SetIdentityAsync(source.Name, server.SystemId, server.Timeline, cancellationToken);
        var from = slot?.Confirmed ?? LogPosition.Zero;
        if (slot is not null && row.CapturedPosition is null && source.Slot is null)
        {
            throw new CaptureNotPossibleException(source.Name, "slot-in-use", $"The server has a slot '{tables.Slot}' already, and this lake did not make it: another lake may depend on it.",
                $"Give the source another slot and publication (slot: <name>, publication: <name>); or, if nobody needs it, drop it: SELECT pg_drop_replication_slot({PgSql.Literal(tables.Slot)});");
        }

        if (slot is null)
        {
            // From here on the slot is known as our own, also when this process ends before it knows where it begins.
            await services.Store.SetCapturedAsync(source.Name, LogPosition.Zero, cancellationToken);
            from = await _slots.CreateSlotAsync(tables.Slot, cancellationToken);
            await services.Store.SetCapturedAsync(source.Name, from, cancellationToken);
            await services.Store.AddEventAsync(source.Name, null, "slot", $"The slot '{tables.Slot}' was made.", from, cancellationToken);
        }

        return new StartPoint(tables.Slot, tables.Publication, from);
    }

    /// <summary>What waits for its load may have been captured from another cluster before, whose positions this one has not reached.</summary>
    private async Task CheckPositionsAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.InsertPosition, connection);
        var now = LogPosition.Parse((string)(await command.ExecuteScalarAsync(cancellationToken))!);
        foreach (var table in tables.All.Where(t => t.State == CaptureStates.Waiting && t.RawPosition > now))
        {
            await _states.StartOverAsync(table, cancellationToken);
        }
    }

    private async Task PublishAsync(bool isPublished, CancellationToken cancellationToken)
    {
        var before = await SlotManager.PublishedAsync(connection, tables.Publication, [.. tables.All.Select(t => (t.Sync.Schema, t.Sync.Table))], cancellationToken);
        var published = new List<(string, string)>();
        foreach (var table in tables.All)
        {
            var found = await PgCatalog.ReadOneAsync(connection, table.Sync.Schema, table.Sync.Table, cancellationToken);
            var refusal = found is null
                ? new CaptureHeldException(table.Name, $"The table {table.Sync.SourceTable} does not exist in source '{source.Name}'.", "Check the name, or delete the sync.")
                : await _slots.RefusalAsync(table.Name, found, cancellationToken);
            if (refusal is not null)
            {
                await services.Lander.HoldAsync(source.Name, table, refusal, cancellationToken);
                continue;
            }

            if (table.State is CaptureStates.Streaming or CaptureStates.Loading && table.Landed is { } landed && landed.Oid != found!.Oid)
            {
                await services.Lander.ReloadAsync(source.Name, table, $"The table {table.Sync.SourceTable} was dropped and made again: it is loaded anew.", cancellationToken);
            }

            if (table.State is CaptureStates.Streaming or CaptureStates.Loading && isPublished && !before.Contains((table.Sync.Schema, table.Sync.Table)))
            {
                await services.Lander.ReloadAsync(source.Name, table, SourceWatch.Unpublished(table, tables.Publication), cancellationToken);
            }

            if (table.State == CaptureStates.Held && table.RawPosition == LogPosition.Zero)
            {
                // It was refused before it was ever read; what was wrong with it is not any more.
                table.State = CaptureStates.Waiting;
                _ = await services.Store.ChangeTableAsync(table.Name, source.Name, r => (r.State, r.Reason, r.Hint) = (CaptureStates.Waiting, null, null), cancellationToken);
            }

            published.Add((table.Sync.Schema, table.Sync.Table));
        }

        if (published.Count == 0)
        {
            throw new CaptureNotPossibleException(source.Name, "publication", $"None of the tables of '{source.Name}' can be captured.", "The syncs say why, each for its table.");
        }

        await _slots.PublishAsync(tables.Publication, published, cancellationToken);
    }

    /// <summary>Where the log has a gap, the tables are loaded again: their changes are followed from the slot's new start on.</summary>
    private async Task<SlotFacts?> HealAsync(CaptureRow row, SlotFacts? slot, ServerFacts server, bool isPublished, CancellationToken cancellationToken)
    {
        var captured = LogPosition.TryParse(row.CapturedPosition);
        var why = captured is null || captured == LogPosition.Zero ? null
            : row.SystemId is { } known && known != server.SystemId ? "the source is another database cluster than before"
            : row.Timeline is { } timeline && timeline != server.Timeline ? $"the source went over to timeline {server.Timeline} (a failover or a recovery)"
            : slot is null ? $"the slot '{tables.Slot}' is gone"
            : slot.Status == "lost" ? $"the server dropped log that the slot '{tables.Slot}' still needed (max_slot_wal_keep_size)"
            : !isPublished ? $"the publication '{tables.Publication}' is gone, and what was logged before it is made again cannot be read through it"
            : slot.Confirmed > captured ? $"somebody else has read the slot '{tables.Slot}' on to {slot.Confirmed}"
            : null;
        if (why is null)
        {
            return slot;
        }

        var isOther = row.SystemId is not null && (row.SystemId != server.SystemId || row.Timeline != server.Timeline);

        await _states.NoteGapAsync(captured!.Value, why, slot?.Confirmed, cancellationToken);
        if (slot is not null && (slot.Status == "lost" || isOther || !isPublished))
        {
            await _slots.DropSlotAsync(tables.Slot, cancellationToken);
            slot = null;
        }

        await _states.ReloadAllAsync(captured!.Value, why, isOther, cancellationToken);
        if (slot is null)
        {
            // Known from now on; a slot that cannot be made yet is not another gap each time it is tried.
            await services.Store.SetCapturedAsync(source.Name, LogPosition.Zero, cancellationToken);
        }

        return slot;
    }
}
