using LakePortal.Governance.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.SignIn;

/// <summary>
/// Slows guessing, per user name and per address, with a delay that grows with every failure. Kept in the database, so that a restart
/// does not reset it. An attempt counts as failed from its start and is taken back when it succeeds: many at once gain nothing.
/// </summary>
internal sealed class SignInGuard(IDbContextFactory<GovernanceDbContext> databases, TimeProvider clock)
{
    private const int FreeForUser = 5;
    private const int FreeForAddress = 20;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Forgotten = TimeSpan.FromDays(1);

    public static string User(string user) => $"user:{user}";

    /// <exception cref="AccountLockedException">Too many failures; not counted again.</exception>
    public async Task BeginAsync(string user, string? address, CancellationToken cancellationToken)
    {
        await CountAsync(User(user), FreeForUser, cancellationToken);
        if (address is not null)
        {
            await CountAsync($"address:{address}", FreeForAddress, cancellationToken);
        }
    }

    public async Task SucceedAsync(string user, string? address, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var subject = User(user);
        await database.SignInFailures.Where(f => f.Subject == subject).ExecuteDeleteAsync(cancellationToken);
        // The address only gets this attempt back: otherwise an attacker's own account would buy him new guesses.
        var from = $"address:{address}";
        await database.SignInFailures.Where(f => f.Subject == from && f.Failures > 0)
            .ExecuteUpdateAsync(s => s.SetProperty(f => f.Failures, f => f.Failures - 1).SetProperty(f => f.LockedUntil, (DateTimeOffset?)null), cancellationToken);
    }

    public async Task UnlockAsync(string user, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var subject = User(user);
        await database.SignInFailures.Where(f => f.Subject == subject).ExecuteDeleteAsync(cancellationToken);
    }

    private async Task CountAsync(string subject, int free, CancellationToken cancellationToken)
    {
        while (true)
        {
            var now = clock.GetUtcNow();
            await using var database = await databases.CreateDbContextAsync(cancellationToken);
            var row = await database.SignInFailures.AsNoTracking().FirstOrDefaultAsync(f => f.Subject == subject, cancellationToken);
            if (row is null)
            {
                var old = now - Forgotten;
                await database.SignInFailures.Where(f => f.LastAt < old).ExecuteDeleteAsync(cancellationToken);
                database.SignInFailures.Add(new SignInFailureRow { Subject = subject, Failures = 1, LastAt = now });
                try
                {
                    await database.SaveChangesAsync(cancellationToken);
                    return;
                }
                catch (DbUpdateException) when (database.SignInFailures.AsNoTracking().Any(f => f.Subject == subject))
                {
                    // Another attempt was first; count on top of it.
                    continue;
                }
            }

            if (row.LockedUntil > now)
            {
                throw new AccountLockedException(row.LockedUntil.Value);
            }

            var failures = now - row.LastAt > Forgotten ? 1 : row.Failures + 1;
            DateTimeOffset? lockedUntil = failures < free ? null : now + Delay(failures - free);
            var counted = await database.SignInFailures
                .Where(f => f.Subject == subject && f.Failures == row.Failures)
                .ExecuteUpdateAsync(
                    s => s.SetProperty(f => f.Failures, failures).SetProperty(f => f.LastAt, now).SetProperty(f => f.LockedUntil, lockedUntil),
                    cancellationToken);
            if (counted == 1)
            {
                return;
            }
        }
    }

    // 5 s, 10 s, 20 s … 15 min.
    private static TimeSpan Delay(int beyond) => TimeSpan.FromSeconds(Math.Min(Longest.TotalSeconds, 5 * Math.Pow(2, beyond)));
}
