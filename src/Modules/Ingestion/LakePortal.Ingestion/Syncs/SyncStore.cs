using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Store;
using LakePortal.Kernel.Errors;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Ingestion.Syncs;

/// <summary>The syncs in the control database.</summary>
internal sealed class SyncStore(IDbContextFactory<IngestionDbContext> databases, TimeProvider clock)
{
    public async Task<SyncRow> GetAsync(string name, CancellationToken cancellationToken)
        => await FindAsync(name, cancellationToken) ?? throw new ObjectNotFoundException("sync", name, "./lake status sync lists them.");

    public async Task<SyncRow?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Syncs.AsNoTracking().SingleOrDefaultAsync(s => s.Name == name, cancellationToken);
    }

    /// <summary>In ordinal order of their names.</summary>
    public async Task<IReadOnlyList<SyncRow>> ListAsync(string? source, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Syncs.AsNoTracking().Where(s => source == null || s.Source == source).ToListAsync(cancellationToken);
        return [.. rows.OrderBy(s => s.Name, StringComparer.Ordinal)];
    }

    public async Task SaveAsync(string name, string source, JsonObject document, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Syncs.SingleOrDefaultAsync(s => s.Name == name, cancellationToken);
        if (row is null)
        {
            database.Add(new SyncRow { Name = name, Source = source, Document = document.ToJsonString(), Paused = false, TextColumns = "{}" });
        }
        else
        {
            (row.Source, row.Document) = (source, document.ToJsonString());
        }

        await database.SaveChangesAsync(cancellationToken);
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.Syncs.Where(s => s.Name == name).ExecuteDeleteAsync(cancellationToken);
        await database.Loads.Where(s => s.Sync == name).ExecuteDeleteAsync(cancellationToken);
        await database.Chunks.Where(s => s.Sync == name).ExecuteDeleteAsync(cancellationToken);
        await database.RunDetails.Where(s => s.Sync == name).ExecuteDeleteAsync(cancellationToken);
    }

    public Task SetPausedAsync(string name, bool paused, CancellationToken cancellationToken) => ChangeAsync(name, r => r.Paused = paused, cancellationToken);

    public Task DescribeAsync(string name, TablePlan plan, IReadOnlyList<string> key, CancellationToken cancellationToken) => ChangeAsync(name, row =>
    {
        row.Columns = JsonSerializer.Serialize(plan.Columns.Select(c => new SyncColumn(c.LakeName, c.Source.DisplayType, c.LakeType, c.Note)));
        row.Key = JsonSerializer.Serialize(key);
    }, cancellationToken);

    public Task LearnTextAsync(string name, IReadOnlyDictionary<string, string> columns, CancellationToken cancellationToken)
        => ChangeAsync(name, row => row.TextColumns = JsonSerializer.Serialize(columns), cancellationToken);

    public Task FinishAsync(string name, OffloadResult result, CancellationToken cancellationToken) => ChangeAsync(name, row =>
    {
        row.Position = result.Position;
        row.CursorValue = result.CursorValue ?? row.CursorValue;
        row.RowsRaw = result.RowsRaw;
        row.RowsRefined = result.RowsRefined;
        row.LastCommitAt = result.RawSnapshotId is null && result.RefinedSnapshotId is null ? row.LastCommitAt : clock.GetUtcNow();
    }, cancellationToken);

    private async Task ChangeAsync(string name, Action<SyncRow> change, CancellationToken cancellationToken)
    {
        // The run and a click may change the row at the same time; both only touch their own fields.
        for (var attempt = 1; ; attempt++)
        {
            await using var database = await databases.CreateDbContextAsync(cancellationToken);
            var row = await database.Syncs.SingleOrDefaultAsync(s => s.Name == name, cancellationToken) ?? throw new ObjectNotFoundException("sync", name);
            change(row);
            try
            {
                await database.SaveChangesAsync(cancellationToken);
                return;
            }
            catch (DbUpdateConcurrencyException) when (attempt < 5)
            {
                continue;
            }
        }
    }
}
