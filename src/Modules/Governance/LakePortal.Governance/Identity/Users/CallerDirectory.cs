using LakePortal.Governance.Identity.Roles;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Identity;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.Users;

internal sealed class CallerDirectory(IDbContextFactory<GovernanceDbContext> databases, CallerFactory callers) : ICallerDirectory
{
    public async Task<Caller?> FindAsync(string user, string via, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Users.AsNoTracking().FirstOrDefaultAsync(u => u.Name == user, cancellationToken);
        return row is { IsDisabled: false } ? await callers.CreateAsync(row, via, cancellationToken) : null;
    }
}
