using Microsoft.Extensions.Logging;

namespace LakePortal.Iceberg;

/// <summary>Event ids 2000 to 2099.</summary>
internal static partial class IcebergLog
{
    [LoggerMessage(2000, LogLevel.Warning, "The file '{Location}' is not needed but could not be removed; orphan removal will find it.")]
    public static partial void FileLeftBehind(ILogger logger, string location, Exception exception);

    [LoggerMessage(2001, LogLevel.Warning, "The catalog failed while '{Table}' was committed; finding out whether the commit took place.")]
    public static partial void SwapFailed(ILogger logger, string table, Exception exception);
}
