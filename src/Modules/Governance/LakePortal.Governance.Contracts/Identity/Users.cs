using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Governance.Contracts.Identity;

/// <summary>Checks a password. Repeated failures lock the account for a while; the answer does not tell which part was wrong.</summary>
/// <exception cref="LakePortal.Kernel.Errors.LakePortalException">Codes <c>governance.sign-in-failed</c>, <c>governance.account-locked</c>.</exception>
[AllowAnonymousRequest("It is how one signs in.")]
public sealed record SignIn(string User, string Password, string? ClientAddress) : IRequest<SignInResult>;

/// <param name="Caller">Who it is now.</param>
/// <param name="SessionStamp">Changes when the password, roles or state of the user change: cookies with an older one are refused.</param>
/// <param name="MustChangePassword">One-time password: everything but changing it is refused in the portal.</param>
public sealed record SignInResult(Caller Caller, string SessionStamp, bool MustChangePassword);

/// <summary>Turns a bearer token into its caller; null when unknown, expired or revoked.</summary>
[AllowAnonymousRequest("It is how the API learns who is calling.")]
public sealed record ResolveToken(string Token, string Via) : IRequest<Caller?>;

/// <summary>Turns a cookie's user back into a caller; null when the user is gone, disabled or the stamp is old.</summary>
[AllowAnonymousRequest("It is how the portal learns who is calling.")]
public sealed record ResolveSession(string User, string SessionStamp) : IRequest<SignInResult?>;

[RequiresPermission(Permissions.ProfileOwn)]
public sealed record ChangeOwnPassword(string CurrentPassword, string NewPassword) : IRequest<SignInResult>, IAuditedRequest
{
    public string AuditObject => "user/self";

    public override string ToString() => nameof(ChangeOwnPassword);
}

public sealed record UserInfo(
    string Name,
    IReadOnlyList<string> Roles,
    bool IsDisabled,
    bool MustChangePassword,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastSignInAt,
    DateTimeOffset? LockedUntil,
    int ActiveTokens);

[RequiresPermission(Permissions.UsersRead)]
public sealed record ListUsers : IRequest<IReadOnlyList<UserInfo>>;

/// <summary>Creates a local user with a generated one-time password, returned once.</summary>
[RequiresPermission(Permissions.UsersWrite)]
public sealed record CreateUser(string Name, IReadOnlyList<string> Roles) : IRequest<OneTimePassword>, IAuditedRequest
{
    public string AuditObject => $"user/{Name}";
}

/// <summary>Not part of any log.</summary>
public sealed record OneTimePassword(string User, string Password)
{
    public override string ToString() => $"OneTimePassword for {User}";
}

[RequiresPermission(Permissions.UsersWrite)]
public sealed record ResetPassword(string Name) : IRequest<OneTimePassword>, IAuditedRequest
{
    public string AuditObject => $"user/{Name}";
}

/// <summary>The last enabled administrator can neither be disabled nor lose the role.</summary>
[RequiresPermission(Permissions.UsersWrite)]
public sealed record UpdateUser(string Name, IReadOnlyList<string> Roles, bool IsDisabled) : IRequest, IAuditedRequest
{
    public string AuditObject => $"user/{Name}";
}

[RequiresPermission(Permissions.UsersWrite)]
public sealed record DeleteUser(string Name) : IRequest, IAuditedRequest
{
    public string AuditObject => $"user/{Name}";
}

public sealed record RoleInfo(string Name, string Description, bool IsBuiltIn, IReadOnlyList<string> Permissions);

[RequiresPermission(Permissions.UsersRead)]
public sealed record ListRoles : IRequest<IReadOnlyList<RoleInfo>>;
