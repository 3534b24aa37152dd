using Microsoft.Extensions.Logging;

namespace LakePortal.Ingestion;

/// <summary>Event ids 2000–2999.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Information, "Sync {Sync}: run {RunId} starts ({Mode}, {Trigger})")]
    public static partial void RunStarts(ILogger logger, string sync, string runId, string mode, string trigger);

    [LoggerMessage(2002, LogLevel.Information, "Sync {Sync}: run {RunId} read {Rows} rows in {Seconds:F1} s")]
    public static partial void RunDone(ILogger logger, string sync, string runId, long rows, double seconds);

    /// <summary>Expected: the operator reads message and hint, a stack would only hide them.</summary>
    [LoggerMessage(2003, LogLevel.Warning, "Sync {Sync}: run {RunId} failed with {Code}: {Message} {Hint}")]
    public static partial void RunFailed(ILogger logger, string sync, string runId, string code, string message, string? hint);

    [LoggerMessage(2006, LogLevel.Error, "Sync {Sync}: run {RunId} failed unexpectedly")]
    public static partial void RunFailedUnexpectedly(ILogger logger, Exception error, string sync, string runId);

    [LoggerMessage(2004, LogLevel.Information, "Sync {Sync}: run {RunId} was cancelled")]
    public static partial void RunCancelled(ILogger logger, string sync, string runId);

    [LoggerMessage(2005, LogLevel.Information, "Sync {Sync}: continuing what run {RunId} left")]
    public static partial void Resuming(ILogger logger, string sync, string runId);

    [LoggerMessage(2201, LogLevel.Information, "Sync {Sync}: reconciliation {RunId} starts")]
    public static partial void ReconciliationStarts(ILogger logger, string sync, string runId);

    [LoggerMessage(2202, LogLevel.Information, "Sync {Sync}: reconciliation {RunId} says {Verdict} after {Seconds:F1} s")]
    public static partial void ReconciliationDone(ILogger logger, string sync, string runId, string verdict, double seconds);

    [LoggerMessage(2101, LogLevel.Information, "Source {Source}: its log is read from {Position} by slot {Slot}")]
    public static partial void CaptureStarts(ILogger logger, string source, string position, string slot);

    [LoggerMessage(2102, LogLevel.Warning, "Source {Source}: reading its log broke, next try in {Seconds} s. {Message} {Hint}")]
    public static partial void CaptureBroke(ILogger logger, string source, double seconds, string message, string? hint);

    [LoggerMessage(2103, LogLevel.Error, "Source {Source}: reading its log failed unexpectedly")]
    public static partial void CaptureFailed(ILogger logger, Exception error, string source);

    [LoggerMessage(2104, LogLevel.Warning, "Sync {Sync}: its changes are held. {Reason}")]
    public static partial void TableHeld(ILogger logger, string sync, string reason);

    [LoggerMessage(2105, LogLevel.Warning, "Source {Source}: the log was lost from {From} to {To}")]
    public static partial void LogLost(ILogger logger, string source, string from, string to);

    [LoggerMessage(2106, LogLevel.Information, "Source {Source}: {What}")]
    public static partial void CaptureNote(ILogger logger, string source, string what);

    [LoggerMessage(2107, LogLevel.Error, "The captures could not be brought in line with the configuration")]
    public static partial void RefreshFailed(ILogger logger, Exception error);
}
