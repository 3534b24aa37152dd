namespace LakePortal.Kernel.Identity;

/// <summary>Who is asking. Immutable; made at the door (cookie, bearer token, scheduler) and passed along unchanged.</summary>
/// <param name="User">The name of the user or service account.</param>
/// <param name="Roles">Names of all roles held, nested ones included.</param>
/// <param name="Groups">Names of all groups.</param>
/// <param name="Permissions">All permissions that the roles give.</param>
/// <param name="Via">How the caller came in: <c>portal</c>, <c>api</c>, <c>cli</c>, <c>scheduler</c>, <c>system</c>.</param>
public sealed record Caller(
    string User,
    IReadOnlySet<string> Roles,
    IReadOnlySet<string> Groups,
    IReadOnlySet<string> Permissions,
    string Via)
{
    /// <summary>The process itself: Quartz jobs, start-up, maintenance. Holds every permission; audited as <c>system</c>.</summary>
    public static readonly Caller System = new(
        "system",
        new HashSet<string>(StringComparer.Ordinal) { "admin" },
        new HashSet<string>(StringComparer.Ordinal),
        new HashSet<string>(Messaging.Permissions.All, StringComparer.Ordinal),
        "system");

    public bool Can(string permission) => Permissions.Contains(permission);
}

/// <summary>
/// The caller of the current scope (HTTP request, Blazor circuit, job). Null: not signed in. The permission behaviour and the
/// engine read it from here, so nobody else passes a user by hand.
/// </summary>
public interface ICallerAccessor
{
    Caller? Current { get; }

    /// <summary>Makes <paramref name="caller"/> the current one until the returned scope is disposed.</summary>
    IDisposable Enter(Caller caller);
}
