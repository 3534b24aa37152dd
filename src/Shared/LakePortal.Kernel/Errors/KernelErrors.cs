namespace LakePortal.Kernel.Errors;

/// <summary>Errors that any module may raise.</summary>
public abstract class KernelException(
    string code, ErrorKind kind, string message, string? hint, bool isTransient = false, Exception? inner = null)
    : LakePortalException(code, kind, message, hint, isTransient, inner);

/// <summary>The named object does not exist.</summary>
/// <param name="kind">As in a sentence: <c>source</c>, <c>pipeline run</c>.</param>
/// <param name="name">The name that was asked for.</param>
/// <param name="hint">More than where to find the names that exist, e.g. a "did you mean".</param>
public sealed class ObjectNotFoundException(string kind, string name, string? hint = null)
    : KernelException("not-found", ErrorKind.NotFound, $"There is no {kind} named '{name}'.", hint ?? WhereToLook(kind))
{
    public string ObjectKind { get; } = kind;

    public string Name { get; } = name;

    private static string WhereToLook(string kind) => kind switch
    {
        "secret" => "./lake secret list lists them.",
        "token" => "The Tokens page and GET /api/v1/tokens list them.",
        // Runs of every kind are one list.
        _ => $"./lake status {kind.Split(' ')[^1]} lists them.",
    };
}

/// <summary>The input breaks rules of its own form; <see cref="LakePortalException.Faults"/> lists every one found.</summary>
public sealed class InvalidInputException : KernelException
{
    public InvalidInputException(string message, string? hint, params IReadOnlyList<InputFault> faults)
        : base("invalid-input", ErrorKind.Invalid, message, hint) => Faults = faults;
}

/// <summary>The caller is known but lacks the permission.</summary>
public sealed class PermissionDeniedException(string permission)
    : KernelException("permission-denied", ErrorKind.Forbidden, $"You lack the permission '{permission}'.",
        "Ask an administrator for a role that holds it.")
{
    public string Permission { get; } = permission;
}

/// <summary>No caller, or one whose session or token is not valid any more.</summary>
public sealed class NotSignedInException()
    : KernelException("not-signed-in", ErrorKind.Unauthenticated, "You are not signed in.",
        "Sign in to the portal, or send 'Authorization: Bearer <token>' (./lake token <user> makes one).");

/// <summary>The object changed or came into being since the caller looked.</summary>
public sealed class ConflictException(string message, string? hint)
    : KernelException("conflict", ErrorKind.Conflict, message, hint);
