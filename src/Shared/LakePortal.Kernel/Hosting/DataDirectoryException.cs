using LakePortal.Kernel.Errors;

namespace LakePortal.Kernel.Hosting;

/// <summary>The data directory is in use, damaged or not ours to write.</summary>
public sealed class DataDirectoryException(string code, string message, string hint, Exception? inner = null)
    : KernelException(code, ErrorKind.Unavailable, message, hint, isTransient: false, inner);
