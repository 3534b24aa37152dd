using LakePortal.Kernel.Errors;

namespace LakePortal.Serving;

/// <summary>Errors of queries, tables and dashboards.</summary>
internal abstract class ServingException(
    string code, ErrorKind kind, string message, string? hint, bool isTransient = false, Exception? inner = null)
    : LakePortalException(code, kind, message, hint, isTransient, inner);

/// <summary>There is no user to run as, or nobody here knows users.</summary>
internal sealed class UnknownUserException(string user)
    : ServingException("serving.unknown-user", ErrorKind.NotFound, $"There is no user '{user}' to run as.", "Check the name, or leave 'as' out to run as yourself.")
{
    public string User { get; } = user;
}
