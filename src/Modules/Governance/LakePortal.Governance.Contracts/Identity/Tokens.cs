using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Governance.Contracts.Identity;

/// <param name="Id">Public id, part of the token's text.</param>
/// <param name="Name">What it is for.</param>
public sealed record TokenInfo(
    string Id, string User, string Name, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt, bool IsRevoked);

/// <summary>The tokens of one user, or of all. Others' tokens need <c>users.read</c>.</summary>
[RequiresPermission(Permissions.ProfileOwn)]
public sealed record ListTokens(string? User) : IRequest<IReadOnlyList<TokenInfo>>;

/// <summary>Makes a token; its text is returned once and only its hash is kept. For others it needs <c>users.write</c>.</summary>
/// <param name="Lifetime">One minute to 400 days.</param>
[RequiresPermission(Permissions.ProfileOwn)]
public sealed record CreateToken(string User, string Name, TimeSpan Lifetime) : IRequest<CreatedToken>, IAuditedRequest
{
    public string AuditObject => $"user/{User}/token";
}

public sealed record CreatedToken(TokenInfo Info, string Token)
{
    public override string ToString() => $"CreatedToken {Info.Id}";
}

[RequiresPermission(Permissions.ProfileOwn)]
public sealed record RevokeToken(string TokenId) : IRequest, IAuditedRequest
{
    public string AuditObject => $"token/{TokenId}";
}

/// <summary>What a user likes to see: stored with the account, so that every browser shows the same.</summary>
/// <param name="TimeZone">IANA name; null follows the browser.</param>
/// <param name="Theme"><c>system</c>, <c>light</c> or <c>dark</c>.</param>
public sealed record UserPreferences(string? TimeZone, string Theme);

[RequiresPermission(Permissions.ProfileOwn)]
public sealed record GetPreferences : IRequest<UserPreferences>;

[RequiresPermission(Permissions.ProfileOwn)]
public sealed record SavePreferences(UserPreferences Preferences) : IRequest;
