using LakePortal.Engine.Native;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Store;
using Npgsql;

namespace LakePortal.Ingestion.Offload.Reading;

/// <summary>A moment of PostgreSQL.</summary>
internal sealed class PgLoadSnapshot(SourceSnapshot snapshot) : LoadSnapshot
{
    public SourceSnapshot Snapshot => snapshot;

    public override string Position => snapshot.Position;

    public override bool IsExact => snapshot.IsExact;

    public override long Xmin => snapshot.Xmin;

    public override async Task<Exception> WhyInexactAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.SlotsLeft, snapshot.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        _ = await reader.ReadAsync(cancellationToken);
        return reader.GetInt32(1) >= reader.GetInt32(0)
            ? SlotManager.NoSlotLeft(snapshot.Source.Name, reader.GetInt32(0), reader.IsDBNull(2) ? null : reader.GetString(2))
            : new SourceUnavailableException(snapshot.Source.Name, "Transactions are open on the source for so long that no exact position can be had.",
                "The load tries again; look for long transactions in pg_stat_activity and pg_prepared_xacts.");
    }

    public override async Task<SourceTable?> DescribeAsync(string schema, string table, CancellationToken cancellationToken)
    {
        if (await PgCatalog.ReadOneAsync(snapshot.Connection, schema, table, cancellationToken) is not { } found)
        {
            return null;
        }

        if (found.CanRead)
        {
            await PgCatalog.LockAsync(snapshot.Connection, found, cancellationToken);
            snapshot.ReaderLock = PgCatalog.LockSql(found) is { } sql ? $"{sql} NOWAIT" : null;
        }

        return found;
    }

    public override async Task<LoadAccess> AccessAsync(SourceTable table, CancellationToken cancellationToken)
    {
        var source = (PgTable)table;
        var heaps = await PgCatalog.ReadHeapsAsync(snapshot.Connection, source.Oid, cancellationToken);
        if (heaps.FirstOrDefault(h => h.IsRewritten) is { } rewritten)
        {
            throw new SourceTableChangedException(table.Display, $"{rewritten.Schema}.{rewritten.Name} was truncated or rewritten just now");
        }

        return new PgLoadAccess(snapshot, source, heaps);
    }

    public override async Task<bool> IsLoggedAsync(SourceTable table, CancellationToken cancellationToken) =>
        (await SlotManager.PublishedAsync(snapshot.Connection, snapshot.Source.PublicationName, [(table.Schema, table.Name)], cancellationToken)).Count > 0;

    public override async Task<(string Heaps, string Definition)> WatchAsync(SourceTable table, CancellationToken cancellationToken)
    {
        var seen = await SourceWatch.ReadAsync(snapshot.Connection, [(table.Schema, table.Name)], cancellationToken);
        return seen.Values.SingleOrDefault() is { } watched ? (watched.Heaps, watched.Definition) : throw new SourceTableMissingException(snapshot.Source.Name, table.Display);
    }

    public override async Task<IChunkReader> OpenReaderAsync(SourceTable table, TablePlan plan, CancellationToken cancellationToken) =>
        new PgChunkReader(snapshot, (PgTable)table, plan, await snapshot.OpenReaderAsync(cancellationToken));

    public override ValueTask DisposeAsync() => snapshot.DisposeAsync();
}

internal sealed class PgLoadAccess(SourceSnapshot snapshot, PgTable table, IReadOnlyList<PgHeap> heaps) : LoadAccess
{
    private readonly ReadAccess _access = ReadAccess.For(table, heaps, snapshot.Connection.PostgreSqlVersion.Major);

    public override bool CanResume => _access is { HasRowVersions: true, Heaps.Count: > 0 };

    public override bool RereadsKept => true;

    public override string Identity => $"{table.Oid}\n{snapshot.DatabaseOid}";

    public override string? WhyNotIncremental => _access.HasRowVersions ? null : $"a {table.KindName} does not tell which transaction wrote a row";

    public override Horizon Horizon(string planHash) =>
        new(snapshot.Xmin, snapshot.DatabaseOid, table.Oid, planHash, string.Join(' ', heaps.Select(h => $"{h.Oid}:{h.FileNode}").Order(StringComparer.Ordinal)));

    public override long? Since(Horizon last, Horizon now, Action<string> note)
    {
        if (last.Table != table.Oid || last.Database != snapshot.DatabaseOid || last.Xmin > snapshot.Xmax || snapshot.Xmax - last.Xmin >= 1L << 31)
        {
            note("The table is not the one that was read before (dropped, restored or too long ago): it is loaded in full.");
            return null;
        }

        if (last.Plan != now.Plan)
        {
            note("The columns, or how they are loaded, changed since the last load: the table is loaded in full.");
            return null;
        }

        if (last.Heaps != now.Heaps)
        {
            note("The table was truncated or rewritten, or a partition came or went, since the last load: it is loaded in full.");
            return null;
        }

        return last.Xmin;
    }

    public override bool IsGood(ChunkRow chunk) => _access.Heaps.Any(h => h.Oid == chunk.Heap && h.FileNode == chunk.FileNode);

    public override IReadOnlyList<ReadChunk> Whole(ChunkSizes sizes, long? since) => ChunkPlanner.Whole(_access, sizes, since);

    public override IReadOnlyList<ReadChunk> Rest(ChunkSizes sizes, IReadOnlyList<ChunkRow> kept) => ChunkPlanner.Rest(_access, sizes, kept);

    public override Task<IReadOnlyList<ContentFile>> DeletedAsync(
        OffloadWork work, IStagingArea area, TableIdentifier raw, IReadOnlyList<ChunkRow> kept, IReadOnlyList<ChunkRow> read, RowStamp stamp, CancellationToken cancellationToken) =>
        new DeletedRows(work, snapshot, table, _access, area, raw, work.Tables.AbsentColumns).WriteAsync(kept, read, stamp, cancellationToken);
}

/// <summary>Reads chunks by COPY.</summary>
internal sealed class PgChunkReader(SourceSnapshot snapshot, PgTable table, TablePlan plan, ICopyConnection connection) : IChunkReader
{
    private readonly ColumnDecoder[] _decoders = [.. plan.Columns.Select(c => c.Decoder)];
    private readonly CopyPump _pump = new();

    public void Read(ReadChunk chunk, Func<DataChunkBuilder> target, Action<int, int> filled, CancellationToken cancellationToken) =>
        connection.Copy(chunk.CopySql(table, plan, snapshot.Xmax), read => _pump.Run(read, _decoders, target, filled, cancellationToken));

    public async Task<string?> CancelAsync()
    {
        try
        {
            await using var control = await snapshot.OpenControlAsync(CancellationToken.None);
            await using var command = new NpgsqlCommand("SELECT pg_catalog.pg_cancel_backend($1)", control) { Parameters = { new() { Value = connection.ProcessId } } };
            _ = await command.ExecuteScalarAsync();
            return null;
        }
        catch (Exception e) when (e is IngestionException or NpgsqlException)
        {
            // A source that cannot be reached any more has nothing to cancel: the read fails by itself.
            return e.Message;
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
