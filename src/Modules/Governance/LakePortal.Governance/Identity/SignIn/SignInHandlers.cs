using LakePortal.Governance.Contracts.Identity;
using LakePortal.Governance.Identity.Roles;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.SignIn;

internal sealed class SignInHandler(
    IDbContextFactory<GovernanceDbContext> databases, Passwords passwords, SignInGuard guard, CallerFactory callers, IAuditTrail trail, TimeProvider clock)
    : IRequestHandler<Contracts.Identity.SignIn, SignInResult>
{
    public async Task<SignInResult> Handle(Contracts.Identity.SignIn request, CancellationToken cancellationToken)
    {
        var name = request.User.Trim().ToLowerInvariant();
        // Only what can be a name is counted and audited by name: hostile texts stay out of both.
        if (!Names.IsValid(name))
        {
            await RecordAsync("unknown", "denied", "governance.sign-in-failed", request.ClientAddress);
            throw new SignInFailedException();
        }

        try
        {
            await guard.BeginAsync(name, request.ClientAddress, cancellationToken);
        }
        catch (AccountLockedException locked)
        {
            await RecordAsync(name, "denied", locked.Code, request.ClientAddress);
            throw;
        }

        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var user = await database.Users.FirstOrDefaultAsync(u => u.Name == name, cancellationToken);
        var isRight = passwords.Verify(user?.PasswordHash, request.Password);
        if (user is null || !isRight || user.IsDisabled)
        {
            await RecordAsync(name, "denied", "governance.sign-in-failed", request.ClientAddress);
            throw new SignInFailedException();
        }

        await guard.SucceedAsync(name, request.ClientAddress, cancellationToken);
        var now = clock.GetUtcNow();
        await database.Users.Where(u => u.Name == name).ExecuteUpdateAsync(s => s.SetProperty(u => u.LastSignInAt, now), cancellationToken);
        await RecordAsync(name, "ok", null, request.ClientAddress);
        return new SignInResult(await callers.CreateAsync(user, "portal", cancellationToken), user.SessionStamp, user.MustChangePassword);
    }

    private Task RecordAsync(string user, string outcome, string? code, string? address) =>
        trail.RecordAsync(
            user, "portal", RequestName.Of(typeof(Contracts.Identity.SignIn)), $"user/{user}", outcome,
            string.Join(' ', new[] { code, address is null ? null : $"from {address}" }.Where(t => t is not null)) is { Length: > 0 } detail ? detail : null,
            CancellationToken.None);
}

internal sealed class ResolveSessionHandler(IDbContextFactory<GovernanceDbContext> databases, CallerFactory callers)
    : IRequestHandler<ResolveSession, SignInResult?>
{
    public async Task<SignInResult?> Handle(ResolveSession request, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var user = await database.Users.AsNoTracking().FirstOrDefaultAsync(u => u.Name == request.User, cancellationToken);
        return user is { IsDisabled: false } && user.SessionStamp == request.SessionStamp
            ? new SignInResult(await callers.CreateAsync(user, "portal", cancellationToken), user.SessionStamp, user.MustChangePassword)
            : null;
    }
}

internal sealed class ChangeOwnPasswordHandler(
    IDbContextFactory<GovernanceDbContext> databases, Passwords passwords, SignInGuard guard, CallerFactory callers, ICallerAccessor accessor)
    : IRequestHandler<ChangeOwnPassword, SignInResult>
{
    public async Task<SignInResult> Handle(ChangeOwnPassword request, CancellationToken cancellationToken)
    {
        var name = accessor.Current!.User;
        await guard.BeginAsync(name, null, cancellationToken);
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var user = await database.Users.FirstOrDefaultAsync(u => u.Name == name, cancellationToken);
        if (!passwords.Verify(user?.PasswordHash, request.CurrentPassword) || user is null or { IsDisabled: true })
        {
            throw new SignInFailedException();
        }

        await guard.SucceedAsync(name, null, cancellationToken);
        Passwords.Check(name, request.NewPassword);
        if (request.NewPassword == request.CurrentPassword)
        {
            throw new WeakPasswordException("The new password must differ from the current one.");
        }

        user.PasswordHash = passwords.Hash(request.NewPassword);
        user.MustChangePassword = false;
        user.SessionStamp = Passwords.Stamp();
        await database.SaveChangesAsync(cancellationToken);
        return new SignInResult(await callers.CreateAsync(user, "portal", cancellationToken), user.SessionStamp, false);
    }
}
