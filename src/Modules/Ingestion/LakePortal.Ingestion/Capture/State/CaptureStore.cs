using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Store;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Ingestion.Capture.State;

/// <summary>What captures know of themselves, in the control database. What decides about rows is in the lake's own snapshots; this is for starting, showing and noticing gaps.</summary>
internal sealed class CaptureStore(IDbContextFactory<IngestionDbContext> databases, TimeProvider clock)
{
    public async Task<CaptureRow?> FindAsync(string source, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Captures.AsNoTracking().SingleOrDefaultAsync(c => c.Source == source, cancellationToken);
    }

    public async Task<CaptureRow> OpenAsync(string source, string slot, string publication, CancellationToken cancellationToken)
    {
        if (await FindAsync(source, cancellationToken) is { } existing)
        {
            return existing;
        }

        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = new CaptureRow { Source = source, State = "starting", Slot = slot, Publication = publication };
        database.Add(row);
        await database.SaveChangesAsync(cancellationToken);
        return row;
    }

    public async Task SetStateAsync(string source, string state, string? reason, string? hint, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        _ = await database.Captures.Where(c => c.Source == source).ExecuteUpdateAsync(
            u => u.SetProperty(c => c.State, state).SetProperty(c => c.Reason, reason).SetProperty(c => c.Hint, hint), cancellationToken);
    }

    public async Task SetIdentityAsync(string source, string systemId, int timeline, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        _ = await database.Captures.Where(c => c.Source == source).ExecuteUpdateAsync(u => u.SetProperty(c => c.SystemId, systemId).SetProperty(c => c.Timeline, timeline), cancellationToken);
    }

    /// <summary>Everything before the position is in the raw tables.</summary>
    public async Task SetCapturedAsync(string source, LogPosition position, CancellationToken cancellationToken)
    {
        var (text, now) = (position.ToString(), clock.GetUtcNow());
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        _ = await database.Captures.Where(c => c.Source == source).ExecuteUpdateAsync(u => u.SetProperty(c => c.CapturedPosition, text).SetProperty(c => c.CapturedAt, now), cancellationToken);
    }

    public async Task DeleteAsync(string source, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        _ = await database.Captures.Where(c => c.Source == source).ExecuteDeleteAsync(cancellationToken);
    }

    public async Task<CaptureTableRow?> FindTableAsync(string sync, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.CaptureTables.AsNoTracking().SingleOrDefaultAsync(t => t.Sync == sync, cancellationToken);
    }

    /// <summary>Makes the row when it is not there.</summary>
    public async Task<CaptureTableRow> ChangeTableAsync(string sync, string source, Action<CaptureTableRow> change, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var database = await databases.CreateDbContextAsync(cancellationToken);
            var row = await database.CaptureTables.SingleOrDefaultAsync(t => t.Sync == sync, cancellationToken);
            if (row is null)
            {
                row = new CaptureTableRow { Sync = sync, Source = source, State = CaptureStates.Waiting };
                database.Add(row);
            }

            change(row);
            try
            {
                await database.SaveChangesAsync(cancellationToken);
                return row;
            }
            catch (DbUpdateConcurrencyException) when (attempt < 5)
            {
                continue;
            }
        }
    }

    /// <summary>Forgets all tables but these.</summary>
    public async Task KeepTablesAsync(IReadOnlyCollection<string> syncs, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var gone in (await database.CaptureTables.Select(t => t.Sync).ToListAsync(cancellationToken)).Except(syncs))
        {
            _ = await database.CaptureTables.Where(t => t.Sync == gone).ExecuteDeleteAsync(cancellationToken);
        }
    }

    public async Task AddEventAsync(string source, string? sync, string kind, string message, LogPosition? position, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        database.Add(new CaptureEventRow
        {
            Id = Guid.CreateVersion7().ToString("N"), Source = source, Sync = sync, At = clock.GetUtcNow(), Kind = kind, Message = message, Position = position?.ToString(),
        });
        await database.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Newest first: those of the sync and those of its source as a whole.</summary>
    public async Task<IReadOnlyList<CaptureEventRow>> EventsAsync(string source, string? sync, int limit, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.CaptureEvents.AsNoTracking().Where(e => e.Source == source && (sync == null || e.Sync == null || e.Sync == sync))
            .OrderByDescending(e => e.Id).Take(limit).ToListAsync(cancellationToken);
    }
}

/// <summary>How far a table is.</summary>
internal static class CaptureStates
{
    /// <summary>Not loaded yet; its changes are in the snapshot that the load will take.</summary>
    public const string Waiting = "waiting";

    /// <summary>Being loaded; its changes are kept in raw.</summary>
    public const string Loading = "loading";

    public const string Streaming = "streaming";

    /// <summary>Its definition changed in a way that somebody has to decide about; its changes wait in the source's log or in raw.</summary>
    public const string Held = "held";

    /// <summary>A part of the log was lost; it is being compared and repaired.</summary>
    public const string Gap = "gap";
}
