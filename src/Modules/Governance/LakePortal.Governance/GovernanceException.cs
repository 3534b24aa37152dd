using LakePortal.Kernel.Errors;

namespace LakePortal.Governance;

internal abstract class GovernanceException(string code, ErrorKind kind, string message, string? hint, Exception? inner = null)
    : LakePortalException($"governance.{code}", kind, message, hint, isTransient: false, inner);

/// <summary>The same for an unknown user, a wrong password and a disabled account.</summary>
internal sealed class SignInFailedException()
    : GovernanceException("sign-in-failed", ErrorKind.Unauthenticated, "User name or password is wrong, or the account is disabled.",
        "Check both. An administrator can reset the password on the Users page.");

internal sealed class AccountLockedException(DateTimeOffset until)
    : GovernanceException("account-locked", ErrorKind.LimitExceeded, "Too many failed attempts; sign-in is locked for a while.",
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"Try again after {until:yyyy-MM-dd HH:mm:ss} UTC."))
{
    public DateTimeOffset Until { get; } = until;
}

internal sealed class WeakPasswordException(string rule)
    : GovernanceException("weak-password", ErrorKind.Invalid, rule, "Three or four random words make a good password.");

internal sealed class LastAdministratorException()
    : GovernanceException("last-administrator", ErrorKind.Conflict, "This is the last enabled administrator.",
        "Give another user the role 'admin' first.");

internal sealed class BuiltInRoleException(string role)
    : GovernanceException("built-in-role", ErrorKind.Conflict, $"The role '{role}' is built in and cannot be changed.", "Define a role of your own with 'kind: role'.");

internal sealed class SecretMissingException(string reference, string hint)
    : GovernanceException("secret-missing", ErrorKind.Invalid, $"{reference} has no value.", hint);

internal sealed class MasterKeyException(string message, string hint, Exception? inner = null)
    : GovernanceException("master-key", ErrorKind.Unavailable, message, hint, inner);
