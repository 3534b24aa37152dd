using LakePortal.Governance.Identity.Roles;
using LakePortal.Governance.Identity.SignIn;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Errors;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.Users;

internal sealed class UserStore(IDbContextFactory<GovernanceDbContext> databases, RoleCatalog roles, TimeProvider clock)
{
    // Checking for the last administrator and changing him must be one step.
    private static readonly SemaphoreSlim Changing = new(1, 1);

    public static UserRow New(string name, IEnumerable<string> roles, string? passwordHash, DateTimeOffset now) => new()
    {
        Name = name, PasswordHash = passwordHash, MustChangePassword = true, IsDisabled = false, SessionStamp = Passwords.Stamp(),
        Roles = Names.Write(roles), Groups = "[]", CreatedAt = now, Theme = "system",
    };

    /// <summary>Creates the user or changes an existing one; sessions end when what they may do changes.</summary>
    public async Task SaveAsync(
        string name, IReadOnlyList<string> roleNames, IReadOnlyList<string>? groups, bool isDisabled, bool create, CancellationToken cancellationToken)
    {
        await CheckRolesAsync(roleNames, cancellationToken);
        await Changing.WaitAsync(cancellationToken);
        try
        {
            await using var database = await databases.CreateDbContextAsync(cancellationToken);
            var user = await database.Users.FirstOrDefaultAsync(u => u.Name == name, cancellationToken);
            if (user is null)
            {
                if (!create)
                {
                    throw new ObjectNotFoundException("user", name);
                }

                user = New(name, roleNames, null, clock.GetUtcNow());
                database.Users.Add(user);
            }

            var (newRoles, newGroups) = (Names.Write(roleNames), groups is null ? user.Groups : Names.Write(groups));
            if (user.IsDisabled != isDisabled || user.Roles != newRoles || user.Groups != newGroups)
            {
                (user.Roles, user.Groups, user.IsDisabled, user.SessionStamp) = (newRoles, newGroups, isDisabled, Passwords.Stamp());
            }

            if (isDisabled || !roleNames.Contains(BuiltInRoles.Admin))
            {
                await RequireAnotherAdministratorAsync(database, name, cancellationToken);
            }

            await database.SaveChangesAsync(cancellationToken);
        }
        finally
        {
            Changing.Release();
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await Changing.WaitAsync(cancellationToken);
        try
        {
            await using var database = await databases.CreateDbContextAsync(cancellationToken);
            if (!await database.Users.AnyAsync(u => u.Name == name, cancellationToken))
            {
                throw new ObjectNotFoundException("user", name);
            }

            await RequireAnotherAdministratorAsync(database, name, cancellationToken);
            await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
            // A later user of the same name must not inherit them.
            await database.Tokens.Where(t => t.User == name).ExecuteDeleteAsync(cancellationToken);
            await database.Users.Where(u => u.Name == name).ExecuteDeleteAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        finally
        {
            Changing.Release();
        }
    }

    public async Task CheckRolesAsync(IReadOnlyList<string> roleNames, CancellationToken cancellationToken)
    {
        var known = BuiltInRoles.All.Keys.Concat((await roles.ReadOwnAsync(cancellationToken)).Keys).ToHashSet(StringComparer.Ordinal);
        var faults = roleNames.Select((r, i) => (Role: r, Index: i)).Where(r => !known.Contains(r.Role))
            .Select(r => new InputFault($"roles[{r.Index}]", $"There is no role '{r.Role}'.", Kernel.Configuration.Suggestion.For(r.Role, known) ?? $"Roles: {string.Join(", ", known.Order(StringComparer.Ordinal))}."))
            .ToList();
        if (faults.Count > 0)
        {
            throw new InvalidInputException(faults[0].Message, faults[0].Hint, faults);
        }
    }

    private static async Task RequireAnotherAdministratorAsync(GovernanceDbContext database, string except, CancellationToken cancellationToken)
    {
        var users = await database.Users.AsNoTracking().Select(u => new { u.Name, u.IsDisabled, u.Roles }).ToListAsync(cancellationToken);
        var administrators = users.Where(u => !u.IsDisabled && Names.Read(u.Roles).Contains(BuiltInRoles.Admin)).Select(u => u.Name).ToList();
        if (administrators is [var only] && only == except)
        {
            throw new LastAdministratorException();
        }
    }
}
