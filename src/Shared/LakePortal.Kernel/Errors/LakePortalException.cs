namespace LakePortal.Kernel.Errors;

/// <summary>What a client should make of an error: decides the HTTP status and the exit code of the command line.</summary>
public enum ErrorKind
{
    /// <summary>The request is wrong and will stay wrong (400).</summary>
    Invalid,

    /// <summary>No valid sign-in (401).</summary>
    Unauthenticated,

    /// <summary>Signed in, but the permission is missing (403).</summary>
    Forbidden,

    /// <summary>The named thing does not exist, or the caller may not know of it (404).</summary>
    NotFound,

    /// <summary>The thing exists already or changed meanwhile (409).</summary>
    Conflict,

    /// <summary>A limit of time, memory or rate was reached (429).</summary>
    LimitExceeded,

    /// <summary>A system we depend on failed: a source, a disk, the control database (502).</summary>
    Unavailable,

    /// <summary>A defect of ours (500).</summary>
    Internal,
}

/// <summary>
/// Root of the closed error families. Each module derives one abstract family from it, with sealed children that carry
/// the facts as properties. Operators see <see cref="Exception.Message"/> and <see cref="Hint"/>; programs match
/// <see cref="Code"/>, which never changes; <see cref="IsTransient"/> errors may be retried unchanged.
/// </summary>
public abstract class LakePortalException(
    string code, ErrorKind kind, string message, string? hint, bool isTransient = false, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>Stable, dotted, lower-case: <c>ingestion.source-unreachable</c>.</summary>
    public string Code { get; } = code;

    public ErrorKind Kind { get; } = kind;

    /// <summary>What the reader can do about it; null only when there is nothing to do.</summary>
    public string? Hint { get; } = hint;

    public bool IsTransient { get; } = isTransient;

    /// <summary>Faults by path of the input (<c>tables[0]</c>, <c>line 3, column 5</c>); empty when the input as a whole is at fault.</summary>
    public IReadOnlyList<InputFault> Faults { get; init; } = [];
}

/// <param name="Path">Where: a JSON-like path, or <c>file:line:column</c>.</param>
/// <param name="Message">What is wrong, in a sentence.</param>
/// <param name="Hint">What would be right, e.g. a "did you mean".</param>
public sealed record InputFault(string Path, string Message, string? Hint = null);
