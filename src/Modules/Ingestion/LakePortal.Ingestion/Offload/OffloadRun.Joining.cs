using System.Globalization;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Store;
using Npgsql;

namespace LakePortal.Ingestion.Offload;

/// <summary>Loads of tables whose changes are captured: raw keeps what it has, refined is computed from the load and the changes together.</summary>
internal sealed partial class OffloadRun
{
    private async Task<CapturedTable> BeginJoiningAsync(CancellationToken cancellationToken)
    {
        PgPosition now;
        await using (var connection = await services.Connector.OpenAsync(request.Source, cancellationToken))
        {
            await using var command = new NpgsqlCommand(PgCatalogSql.FlushedPosition, connection);
            now = PgPosition.Parse((string)(await AskAsync(() => command.ExecuteScalarAsync(cancellationToken)))!);
        }

        var (joined, isFresh) = await services.Loads.BeginAsync(request.Sync.Name, now, cancellationToken);
        if (isFresh)
        {
            // Changes since then were not kept.
            await ForgetOpenAsync(cancellationToken);
        }

        return joined;
    }

    /// <summary>Why the snapshot has no exact position.</summary>
    private async Task<Exception> InexactAsync(SourceSnapshot snapshot, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.SlotsLeft, snapshot.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        _ = await reader.ReadAsync(cancellationToken);
        return reader.GetInt32(1) >= reader.GetInt32(0)
            ? SlotManager.NoSlotLeft(request.Source.Name, reader.GetInt32(0), reader.IsDBNull(2) ? null : reader.GetString(2))
            : new SourceUnavailableException(request.Source.Name, "Transactions are open on the source for so long that no exact position can be had.",
                "The load tries again; look for long transactions in pg_stat_activity and pg_prepared_xacts.");
    }

    /// <summary>What an earlier run has read is of no use; its files are cleared away when the next load opens.</summary>
    private async Task ForgetOpenAsync(CancellationToken cancellationToken)
    {
        if (await services.Store.FindOpenAsync(request.Sync.Name, cancellationToken) is not { } open)
        {
            return;
        }

        if (await services.Catalog.FindAsync(request.Sync.Raw, cancellationToken) is { } raw && SnapshotNotes.HasLoad(raw, open.Load.LoadId))
        {
            await services.Store.CloseAsync(request.Sync.Name, cancellationToken);
        }
        else
        {
            await services.Store.ForgetChunksAsync([.. open.Chunks], cancellationToken);
        }
    }

    /// <summary>The load of an earlier run that broke off when its rows were in raw already.</summary>
    private async Task<Snapshot?> FindCommittedAsync(OffloadWork work, CancellationToken cancellationToken) =>
        await services.Store.FindOpenAsync(request.Sync.Name, cancellationToken) is { } open && SnapshotNotes.FindLoad(work.Tables.Raw, open.Load.LoadId) is { } load && load.Summary.ContainsKey(SnapshotNotes.LoadFrom)
            ? load
            : null;

    /// <summary>Generated columns are not in the log before version 18 of the server: a change would empty them.</summary>
    private HashSet<string> Excluded(PgTable source, bool isJoined)
    {
        var excluded = request.Sync.Exclude.ToHashSet(StringComparer.Ordinal);
        if (isJoined)
        {
            excluded.UnionWith(source.Columns.Where(c => c.IsGenerated).Select(c => c.Name));
        }

        return excluded;
    }

    private async Task<PreparedTables> FitJoinedAsync(SourceSnapshot snapshot, PgTable source, TablePlan plan, List<string> key, CapturedTable joined, CancellationToken cancellationToken)
    {
        if ((await AskAsync(() => SlotManager.PublishedAsync(snapshot.Connection, request.Source.PublicationName, [(source.Schema, source.Name)], cancellationToken))).Count == 0)
        {
            throw services.Loads.Restart(joined, request.Source.PublicationName);
        }

        var seen = await AskAsync(() => SourceWatch.ReadAsync(snapshot.Connection, [(source.Schema, source.Name)], cancellationToken));
        var watched = seen.Values.SingleOrDefault() ?? throw new SourceTableMissingException(request.Source.Name, source.Display);
        if (joined.Landed is { } before && (before.Oid != source.Oid || before.Heaps != watched.Heaps || before.Definition != watched.Definition))
        {
            // Rows that were read before ALTER TABLE, or before a partition came or went, are not what they would be now, and no log says so.
            await ForgetOpenAsync(cancellationToken);
        }

        var generated = source.Columns.Where(c => c.IsGenerated && !request.Sync.Exclude.Contains(c.Name)).Select(c => c.Name).ToList();
        if (generated.Count > 0)
        {
            var note = $"{string.Join(", ", generated)} of {source.Display}: generated by the server, which its log leaves out, so not loaded. Compute it in SQL from the other columns.";
            progress.Note(note, Kernel.Runs.RunLogLevel.Warning);
            await services.Fitter.NoteAsync(joined, [note], cancellationToken);
        }

        return await services.Fitter.ForLoadAsync(joined, plan, source, key, watched.Heaps, watched.Definition, _text, m => progress.Note(m), cancellationToken);
    }

    private async Task<Snapshot> CommitJoinedAsync(
        OffloadWork work, CapturedTable joined, OpenedLoad opened, IStagingArea area, IReadOnlyList<ChunkRow> chunks, IReadOnlyList<ContentFile> deleted, bool isSeveral, CancellationToken cancellationToken)
    {
        var files = chunks.SelectMany(c => ContentFileJson.Read(c.Files)).Concat(deleted).ToList();
        var ingestedAt = opened.Load.IngestedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00";
        var summary = _notes.ForRaw(request.RunId, opened.Load.LoadId, isFull: true, work.Snapshot.Position, work.Snapshot.IsExact, ingestedAt, isSeveral,
            new LoadSize(chunks.Sum(c => c.Rows), chunks.Sum(c => c.Bytes)), work.Horizon);
        summary[SnapshotNotes.LoadKind] = SnapshotNotes.Bootstrap;
        summary[SnapshotNotes.LoadFrom] = chunks.Select(c => PgPosition.Parse(c.Position)).Append(PgPosition.Parse(work.Snapshot.Position)).Min().ToString();
        summary[SnapshotNotes.LoadTo] = work.Snapshot.Position;
        var outcome = await TableLoad.CommitAsync(joined, area, files, summary, PgPosition.Parse(work.Snapshot.Position), cancellationToken);
        Publish(f => f with { RawSnapshotId = outcome.SnapshotId });
        progress.Note($"{request.Sync.Raw}: committed {chunks.Sum(c => c.Rows)} rows in {files.Count} files at {work.Snapshot.Position}.");
        await services.AnnounceAsync(request.Sync.Raw, outcome.SnapshotId);
        var raw = await services.Catalog.LoadAsync(request.Sync.Raw, cancellationToken);
        return SnapshotNotes.FindLoad(raw, opened.Load.LoadId) ?? throw new InvalidOperationException($"{request.Sync.Raw} has no snapshot of the load {opened.Load.LoadId}.");
    }

    /// <param name="load">The load's snapshot of raw. It alone knows where the load stands: chunks are kept only of loads that can be resumed.</param>
    private async Task<OffloadResult> JoinAsync(OffloadWork work, CapturedTable joined, Snapshot load, double rawSeconds, CancellationToken cancellationToken)
    {
        progress.Begin("refining", null, false);

        // What follows may wait for the changes to come so far; nobody who alters the source's table is to wait with it.
        await work.Snapshot.DisposeAsync();
        var span = new LoadSpan(PgPosition.Parse(load.Summary[SnapshotNotes.LoadFrom]), PgPosition.Parse(load.Summary[SnapshotNotes.LoadTo]));
        var size = SnapshotNotes.SizeOf(load);
        var refined = await services.Loads.FinishAsync(joined, work.Key, span, token => services.Store.CloseAsync(request.Sync.Name, token), cancellationToken);
        Publish(f => f with { RefinedSnapshotId = refined });
        progress.Note($"{request.Sync.Refined} follows the changes from here on.");
        var rawTable = await services.Catalog.LoadAsync(request.Sync.Raw, cancellationToken);
        var refinedTable = await services.Catalog.LoadAsync(request.Sync.Refined, cancellationToken);
        return new OffloadResult
        {
            RawSnapshotId = load.SnapshotId,
            RefinedSnapshotId = refined,
            RowsRead = size.Rows,
            BytesRead = size.Bytes,
            RowsRaw = TableRows.Of(rawTable),
            RowsRefined = TableRows.Of(refinedTable),
            Position = span.To.ToString(),
            IsPositionExact = load.Summary[SnapshotNotes.PositionExact] == "true",
            Consistency = _facts.Consistency,
            IsFull = true,
            Attempts = _facts.Attempt,
            RawSeconds = rawSeconds,
            Seconds = services.Clock.GetElapsedTime(_started).TotalSeconds,
        };
    }
}
