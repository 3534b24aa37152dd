using LakePortal.Governance.Contracts.Identity;
using LakePortal.Governance.Identity.Roles;
using LakePortal.Governance.Identity.SignIn;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Messaging;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.Users;

internal sealed class ListUsersHandler(IDbContextFactory<GovernanceDbContext> databases, TimeProvider clock)
    : IRequestHandler<ListUsers, IReadOnlyList<UserInfo>>
{
    public async Task<IReadOnlyList<UserInfo>> Handle(ListUsers request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var users = await database.Users.AsNoTracking().ToListAsync(cancellationToken);
        var tokens = await database.Tokens.Where(t => t.RevokedAt == null && t.ExpiresAt > now)
            .GroupBy(t => t.User).Select(g => new { User = g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.User, g => g.Count, cancellationToken);
        var locks = await database.SignInFailures.Where(f => f.LockedUntil > now).ToDictionaryAsync(f => f.Subject, f => f.LockedUntil, cancellationToken);
        return
        [
            .. users.OrderBy(u => u.Name, StringComparer.Ordinal).Select(u => new UserInfo(
                u.Name, Names.Read(u.Roles), u.IsDisabled, u.MustChangePassword, u.CreatedAt, u.LastSignInAt,
                locks.GetValueOrDefault(SignInGuard.User(u.Name)), tokens.GetValueOrDefault(u.Name))),
        ];
    }
}

internal sealed class CreateUserValidator : IRequestValidator<CreateUser>
{
    public IEnumerable<InputFault> Validate(CreateUser request)
    {
        foreach (var fault in Names.Check("name", request.Name))
        {
            yield return fault;
        }

        if (request.Name is "system" or "anonymous" or "unknown")
        {
            yield return new InputFault("name", $"'{request.Name}' is reserved: the audit trail uses it.");
        }
    }
}

internal sealed class CreateUserHandler(
    IDbContextFactory<GovernanceDbContext> databases, UserStore users, Passwords passwords, IChangeFeed feed, TimeProvider clock)
    : IRequestHandler<CreateUser, OneTimePassword>
{
    public async Task<OneTimePassword> Handle(CreateUser request, CancellationToken cancellationToken)
    {
        await users.CheckRolesAsync(request.Roles, cancellationToken);
        var password = Passwords.OneTime();
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        if (await database.Users.AnyAsync(u => u.Name == request.Name, cancellationToken))
        {
            throw new ConflictException($"There is already a user '{request.Name}'.", "Choose another name, or reset that user's password.");
        }

        database.Users.Add(UserStore.New(request.Name, request.Roles, passwords.Hash(password), clock.GetUtcNow()));
        await database.SaveChangesAsync(cancellationToken);
        feed.Publish("users");
        return new OneTimePassword(request.Name, password);
    }
}

internal sealed class ResetPasswordHandler(
    IDbContextFactory<GovernanceDbContext> databases, Passwords passwords, SignInGuard guard, IChangeFeed feed) : IRequestHandler<ResetPassword, OneTimePassword>
{
    public async Task<OneTimePassword> Handle(ResetPassword request, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var user = await database.Users.FirstOrDefaultAsync(u => u.Name == request.Name, cancellationToken)
            ?? throw new ObjectNotFoundException("user", request.Name);
        var password = Passwords.OneTime();
        (user.PasswordHash, user.MustChangePassword, user.SessionStamp) = (passwords.Hash(password), true, Passwords.Stamp());
        await database.SaveChangesAsync(cancellationToken);
        await guard.UnlockAsync(request.Name, cancellationToken);
        feed.Publish("users");
        return new OneTimePassword(request.Name, password);
    }
}

internal sealed class UpdateUserHandler(UserStore users, IChangeFeed feed) : IRequestHandler<UpdateUser>
{
    public async Task<Unit> Handle(UpdateUser request, CancellationToken cancellationToken)
    {
        await users.SaveAsync(request.Name, request.Roles, null, request.IsDisabled, create: false, cancellationToken);
        feed.Publish("users");
        return Unit.Value;
    }
}

internal sealed class DeleteUserHandler(UserStore users, IChangeFeed feed) : IRequestHandler<DeleteUser>
{
    public async Task<Unit> Handle(DeleteUser request, CancellationToken cancellationToken)
    {
        await users.DeleteAsync(request.Name, cancellationToken);
        feed.Publish("users");
        return Unit.Value;
    }
}

internal sealed class ListRolesHandler(RoleCatalog catalog) : IRequestHandler<ListRoles, IReadOnlyList<RoleInfo>>
{
    public async Task<IReadOnlyList<RoleInfo>> Handle(ListRoles request, CancellationToken cancellationToken)
    {
        var own = await catalog.ReadOwnAsync(cancellationToken);
        return
        [
            .. BuiltInRoles.All.Values,
            .. own.Values.OrderBy(r => r.Name, StringComparer.Ordinal).Select(r => new RoleInfo(
                r.Name, r.Description ?? "", false,
                [.. RoleCatalog.PermissionsOf(RoleCatalog.Expand("", [r.Name], [], own), own).Order(StringComparer.Ordinal)])),
        ];
    }
}
