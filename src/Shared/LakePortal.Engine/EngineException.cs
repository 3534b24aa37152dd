using LakePortal.Kernel.Errors;

namespace LakePortal.Engine;

/// <summary>Errors of the SQL engine. Children are sealed and carry their facts.</summary>
public abstract class EngineException(
    string code, ErrorKind kind, string message, string? hint, bool isTransient = false, Exception? inner = null)
    : LakePortalException(code, kind, message, hint, isTransient, inner);
