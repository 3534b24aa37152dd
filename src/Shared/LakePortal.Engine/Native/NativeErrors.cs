using LakePortal.Kernel.Errors;

namespace LakePortal.Engine.Native;

/// <summary>DuckDB refused a call of its C API.</summary>
public sealed class NativeCallException(string operation, string detail)
    : EngineException("engine.native-call", ErrorKind.Internal, $"{operation} failed: {detail}.", "See the log for the statement that was running; the data was not written.")
{
    public string Operation { get; } = operation;

    public string Detail { get; } = detail;
}

/// <summary>A value that the column's type cannot hold was about to be loaded.</summary>
public sealed class ValueNotRepresentableException(string type, string reason)
    : EngineException("engine.value-not-representable", ErrorKind.Invalid, $"A value does not fit the column type {type}: {reason}.", "Map the column to a wider type (string always fits), or clean the value at the source.")
{
    public string ColumnType { get; } = type;

    public string Reason { get; } = reason;
}
