using System.Text.Json;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Store;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Ingestion.Offload;

/// <summary>What a load must not forget when the process dies: its definition and the chunks whose files are complete.</summary>
internal sealed class OffloadStore(IDbContextFactory<IngestionDbContext> databases)
{
    public async Task<(LoadRow Load, IReadOnlyList<ChunkRow> Chunks)?> FindOpenAsync(string sync, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var load = await database.Loads.AsNoTracking().SingleOrDefaultAsync(l => l.Sync == sync, cancellationToken);
        if (load is null)
        {
            return null;
        }

        var chunks = await database.Chunks.AsNoTracking().Where(c => c.LoadId == load.LoadId).OrderBy(c => c.Number).ToListAsync(cancellationToken);
        return (load, chunks);
    }

    /// <summary>Replaces the sync's open load; with the same id its chunks stay.</summary>
    public async Task OpenAsync(LoadRow load, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.Loads.Where(l => l.Sync == load.Sync).ExecuteDeleteAsync(cancellationToken);
        await database.Chunks.Where(c => c.Sync == load.Sync && c.LoadId != load.LoadId).ExecuteDeleteAsync(cancellationToken);
        database.Add(load);
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task CloseAsync(string sync, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.Loads.Where(l => l.Sync == sync).ExecuteDeleteAsync(cancellationToken);
        await database.Chunks.Where(c => c.Sync == sync).ExecuteDeleteAsync(cancellationToken);
    }

    public async Task ForgetChunksAsync(IReadOnlyCollection<ChunkRow> chunks, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var chunk in chunks)
        {
            await database.Chunks.Where(c => c.LoadId == chunk.LoadId && c.Number == chunk.Number).ExecuteDeleteAsync(cancellationToken);
        }
    }

    public async Task<ChunkRow> AddChunkAsync(LoadRow load, ChunkFiles done, LoadSnapshot snapshot, CancellationToken cancellationToken)
    {
        var row = new ChunkRow
        {
            LoadId = load.LoadId,
            Number = done.Chunk.Number,
            Sync = load.Sync,
            Heap = done.Chunk.Heap?.Oid ?? 0,
            FileNode = done.Chunk.Heap?.FileNode ?? 0,
            FromPage = done.Chunk.FromPage,
            ToPage = done.Chunk.ToPage,
            SinceXid = done.Chunk.SinceXid,
            Range = done.Chunk.Range,
            Position = snapshot.Position,
            SnapshotXmin = snapshot.Xmin,
            Attempt = load.Attempt,
            Rows = done.Rows,
            Bytes = done.Bytes,
            Seconds = done.Seconds,
            Files = ContentFileJson.Write(done.Files),
        };
        if (load.Resumable)
        {
            await using var database = await databases.CreateDbContextAsync(cancellationToken);
            database.Add(row);
            await database.SaveChangesAsync(cancellationToken);
        }

        return row;
    }

    public async Task SaveDetailAsync(SyncRunFacts facts, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.RunDetails.Where(d => d.RunId == facts.RunId).ExecuteDeleteAsync(cancellationToken);
        database.Add(new RunDetailRow
        {
            RunId = facts.RunId, Sync = facts.Sync, Mode = facts.Mode, Position = facts.Position, Consistency = facts.Consistency, Attempt = facts.Attempt,
            Chunks = JsonSerializer.Serialize(facts.Chunks), RawSnapshotId = facts.RawSnapshotId, RefinedSnapshotId = facts.RefinedSnapshotId,
        });
        await database.SaveChangesAsync(cancellationToken);
    }

    public async Task<SyncRunFacts?> FindDetailAsync(string runId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.RunDetails.AsNoTracking().SingleOrDefaultAsync(d => d.RunId == runId, cancellationToken);
        return row is null ? null : new SyncRunFacts(row.RunId, row.Sync, row.Mode)
        {
            Position = row.Position, Consistency = row.Consistency, Attempt = row.Attempt, RawSnapshotId = row.RawSnapshotId, RefinedSnapshotId = row.RefinedSnapshotId,
            Chunks = JsonSerializer.Deserialize<List<ChunkInfo>>(row.Chunks)!,
        };
    }
}
