using LakePortal.Kernel.Errors;

namespace LakePortal.Kernel.Persistence;

/// <summary>The control database is misconfigured, unreachable or newer than this program.</summary>
public sealed class ControlDatabaseException(string code, string message, string hint, Exception? inner = null)
    : KernelException(code, ErrorKind.Unavailable, message, hint, isTransient: false, inner);
