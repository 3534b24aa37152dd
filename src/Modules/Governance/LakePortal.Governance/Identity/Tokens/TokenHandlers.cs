using LakePortal.Governance.Contracts.Identity;
using LakePortal.Governance.Identity.Roles;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.Tokens;

internal sealed class ResolveTokenHandler(IDbContextFactory<GovernanceDbContext> databases, CallerFactory callers, TimeProvider clock)
    : IRequestHandler<ResolveToken, Caller?>
{
    private static readonly TimeSpan LastUsedResolution = TimeSpan.FromMinutes(1);

    public async Task<Caller?> Handle(ResolveToken request, CancellationToken cancellationToken)
    {
        if (!TokenText.TryParse(request.Token, out var text))
        {
            return null;
        }

        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Tokens.AsNoTracking().FirstOrDefaultAsync(t => t.Id == text.Id, cancellationToken);
        if (row is null || !text.Matches(row.Hash) || row.RevokedAt is not null || row.ExpiresAt <= now)
        {
            return null;
        }

        var user = await database.Users.AsNoTracking().FirstOrDefaultAsync(u => u.Name == row.User, cancellationToken);
        if (user is null or { IsDisabled: true })
        {
            return null;
        }

        if (row.LastUsedAt is null || now - row.LastUsedAt > LastUsedResolution)
        {
            await database.Tokens.Where(t => t.Id == text.Id).ExecuteUpdateAsync(s => s.SetProperty(t => t.LastUsedAt, now), cancellationToken);
        }

        return await callers.CreateAsync(user, request.Via, cancellationToken);
    }
}

internal sealed class CreateTokenValidator : IRequestValidator<CreateToken>
{
    public IEnumerable<InputFault> Validate(CreateToken request)
    {
        if (request.Lifetime < TimeSpan.FromMinutes(1) || request.Lifetime > TimeSpan.FromDays(400))
        {
            yield return new InputFault("lifetime_seconds", "A token lives from one minute to 400 days.", "For example 2592000 seconds: 30 days.");
        }

        if (string.IsNullOrWhiteSpace(request.Name) || request.Name.Length > 100)
        {
            yield return new InputFault("name", "Say what the token is for, in at most 100 characters.");
        }
    }
}

internal sealed class CreateTokenHandler(IDbContextFactory<GovernanceDbContext> databases, ICallerAccessor callers, TimeProvider clock)
    : IRequestHandler<CreateToken, CreatedToken>
{
    public async Task<CreatedToken> Handle(CreateToken request, CancellationToken cancellationToken)
    {
        TokenRules.RequireFor(callers, request.User, Permissions.UsersWrite);
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        if (!await database.Users.AnyAsync(u => u.Name == request.User, cancellationToken))
        {
            throw new ObjectNotFoundException("user", request.User);
        }

        var (row, text) = TokenRules.New(request.User, request.Name.Trim(), request.Lifetime, clock);
        database.Tokens.Add(row);
        await database.SaveChangesAsync(cancellationToken);
        return new CreatedToken(TokenRules.ToInfo(row), text.Reveal());
    }
}

internal sealed class ListTokensHandler(IDbContextFactory<GovernanceDbContext> databases, ICallerAccessor callers)
    : IRequestHandler<ListTokens, IReadOnlyList<TokenInfo>>
{
    public async Task<IReadOnlyList<TokenInfo>> Handle(ListTokens request, CancellationToken cancellationToken)
    {
        TokenRules.RequireFor(callers, request.User, Permissions.UsersRead);
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Tokens.AsNoTracking()
            .Where(t => request.User == null || t.User == request.User)
            .OrderByDescending(t => t.CreatedAt).ThenBy(t => t.Id)
            .ToListAsync(cancellationToken);
        return [.. rows.Select(TokenRules.ToInfo)];
    }
}

internal sealed class RevokeTokenHandler(IDbContextFactory<GovernanceDbContext> databases, ICallerAccessor callers, TimeProvider clock)
    : IRequestHandler<RevokeToken>
{
    public async Task<Unit> Handle(RevokeToken request, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Tokens.FirstOrDefaultAsync(t => t.Id == request.TokenId, cancellationToken);
        // Somebody else's token looks absent to those who may not touch it.
        if (row is null || (row.User != callers.Current!.User && !callers.Current.Can(Permissions.UsersWrite)))
        {
            throw new ObjectNotFoundException("token", request.TokenId);
        }

        row.RevokedAt ??= clock.GetUtcNow();
        await database.SaveChangesAsync(cancellationToken);
        return Unit.Value;
    }
}

internal static class TokenRules
{
    /// <summary>Own tokens need nothing more; those of others, or of all, need <paramref name="permission"/>.</summary>
    public static void RequireFor(ICallerAccessor callers, string? user, string permission)
    {
        if (user != callers.Current!.User && !callers.Current.Can(permission))
        {
            throw new PermissionDeniedException(permission);
        }
    }

    public static (TokenRow Row, TokenText Text) New(string user, string name, TimeSpan lifetime, TimeProvider clock)
    {
        var text = TokenText.New();
        var now = clock.GetUtcNow();
        return (new TokenRow { Id = text.Id, User = user, Name = name, Hash = text.Hash, CreatedAt = now, ExpiresAt = now + lifetime }, text);
    }

    public static TokenInfo ToInfo(TokenRow row) =>
        new(row.Id, row.User, row.Name, row.CreatedAt, row.ExpiresAt, row.LastUsedAt, row.RevokedAt is not null);
}
