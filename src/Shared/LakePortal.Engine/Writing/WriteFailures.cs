using DuckDB.NET.Data;
using LakePortal.Iceberg;
using LakePortal.Kernel.Errors;

namespace LakePortal.Engine.Writing;

/// <summary>Says what a failure of DuckDB means for somebody who wanted to write.</summary>
internal static class WriteFailures
{
    public static WriteFailedException Of(TableIdentifier target, DuckDBException e)
    {
        var detail = e.Message.Split('\n', 2)[0].Trim();
        var (hint, kind) = e.Message switch
        {
            var m when m.Contains("Out of Memory", StringComparison.OrdinalIgnoreCase) =>
                ("Raise Writer:MemoryLimit, give it room to spill (Writer:MaxTempSize), or write fewer rows or partitions at a time.", ErrorKind.LimitExceeded),
            var m when m.Contains("IO Error", StringComparison.OrdinalIgnoreCase) =>
                ("Check the space and the permissions of the lake's disk.", ErrorKind.Unavailable),
            var m when m.Contains("Conversion Error", StringComparison.OrdinalIgnoreCase) || m.Contains("Out of Range", StringComparison.OrdinalIgnoreCase) =>
                ("A value does not fit its column: cast it in the SELECT (TRY_CAST makes it null), or widen the column.", ErrorKind.Invalid),
            _ => ("Run the SELECT by itself to see the error in full.", ErrorKind.Invalid),
        };
        return new WriteFailedException(target, detail, hint, kind, e);
    }
}
