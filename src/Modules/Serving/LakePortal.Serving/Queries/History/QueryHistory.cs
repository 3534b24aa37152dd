using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace LakePortal.Serving.Queries.History;

/// <summary>What each user has run. One row per query, written at its end; what is still running is known to the engine.</summary>
internal sealed class QueryHistory(IDbContextFactory<ServingDbContext> databases, IOptions<ServingOptions> options)
{
    // Longer statements are kept in part: the history is for finding things again, not an archive.
    private const int MaxSql = 100_000;

    // Trimming on every insert would double the work of a small query.
    private const int TrimEvery = 50;

    private int _inserts;

    public async Task AddAsync(QueryHistoryEntry entry, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        database.Add(new QueryHistoryRow
        {
            QueryId = entry.QueryId,
            User = entry.User,
            Sequence = entry.StartedAt.UtcTicks,
            Sql = entry.Sql.Length <= MaxSql ? entry.Sql : entry.Sql[..MaxSql],
            State = entry.State,
            StartedAt = entry.StartedAt,
            Milliseconds = entry.Milliseconds,
            Rows = entry.Rows,
            Error = entry.Error,
        });
        await database.SaveChangesAsync(cancellationToken);
        if (Interlocked.Increment(ref _inserts) % TrimEvery == 0)
        {
            await TrimAsync(database, entry.User, cancellationToken);
        }
    }

    public async Task<bool> ExistsAsync(string queryId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.History.AnyAsync(h => h.QueryId == queryId, cancellationToken);
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<QueryHistoryEntry>> ListAsync(string user, int limit, string? contains, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var query = database.History.AsNoTracking().Where(h => h.User == user);
        if (!string.IsNullOrEmpty(contains))
        {
#pragma warning disable CA1304, CA1311, CA1862 // Becomes SQL's lower(); both databases fold ASCII alike.
            var wanted = contains.ToLowerInvariant();
            query = query.Where(h => h.Sql.ToLower().Contains(wanted));
#pragma warning restore CA1304, CA1311, CA1862
        }

        var rows = await query.OrderByDescending(h => h.Sequence).ThenByDescending(h => h.QueryId).Take(limit).ToListAsync(cancellationToken);
        return [.. rows.Select(h => new QueryHistoryEntry(h.QueryId, h.User, h.Sql, h.State, h.StartedAt, h.Milliseconds, h.Rows, h.Error))];
    }

    private async Task TrimAsync(ServingDbContext database, string user, CancellationToken cancellationToken)
    {
        var oldestKept = await database.History.Where(h => h.User == user)
            .OrderByDescending(h => h.Sequence).Skip(options.Value.HistoryKept - 1).Select(h => (long?)h.Sequence).FirstOrDefaultAsync(cancellationToken);
        if (oldestKept is { } oldest)
        {
            await database.History.Where(h => h.User == user && h.Sequence < oldest).ExecuteDeleteAsync(cancellationToken);
        }
    }
}
