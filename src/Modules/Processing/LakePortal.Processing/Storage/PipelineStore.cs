using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Processing.Storage;

/// <summary>Pipelines as they were applied.</summary>
internal sealed class PipelineStore(IDbContextFactory<ProcessingDbContext> databases, TimeProvider time)
{
    public async Task<PipelineRow?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Pipelines.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancellationToken);
    }

    /// <summary>In ordinal order of their names, whatever the database's collation.</summary>
    public async Task<IReadOnlyList<PipelineRow>> ListAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Pipelines.AsNoTracking().ToListAsync(cancellationToken);
        return [.. rows.OrderBy(p => p.Name, StringComparer.Ordinal)];
    }

    public async Task SaveAsync(string name, JsonObject document, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Pipelines.SingleOrDefaultAsync(p => p.Name == name, cancellationToken);
        if (row is null)
        {
            row = new PipelineRow { Name = name, Document = "" };
            database.Add(row);
        }

        row.Document = document.ToJsonString();
        row.UpdatedAt = time.GetUtcNow();
        await database.SaveChangesAsync(cancellationToken);
    }

    public Task SetPausedAsync(string name, bool paused, CancellationToken cancellationToken) =>
        ChangeAsync(name, row => row.IsPaused = paused, cancellationToken);

    public Task SetSeenAsync(string name, IReadOnlyDictionary<string, long?> seen, CancellationToken cancellationToken) =>
        ChangeAsync(name, row => row.Seen = PipelineRunStore.WriteSnapshots(seen), cancellationToken);

    /// <summary>Removes the pipeline; its runs stay as history.</summary>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.Pipelines.Where(p => p.Name == name).ExecuteDeleteAsync(cancellationToken);
    }

    private async Task ChangeAsync(string name, Action<PipelineRow> change, CancellationToken cancellationToken)
    {
        // Two changes of one row can meet (a pause and the end of a run); the loser looks again.
        for (var attempt = 1; ; attempt++)
        {
            await using var database = await databases.CreateDbContextAsync(cancellationToken);
            if (await database.Pipelines.SingleOrDefaultAsync(p => p.Name == name, cancellationToken) is not { } row)
            {
                return;
            }

            change(row);
            try
            {
                await database.SaveChangesAsync(cancellationToken);
                return;
            }
            catch (DbUpdateConcurrencyException) when (attempt < 10)
            {
                continue;
            }
        }
    }
}
