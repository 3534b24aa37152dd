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

    [LoggerMessage(2101, LogLevel.Information, "Sync {Sync}: reconciliation {RunId} starts")]
    public static partial void ReconciliationStarts(ILogger logger, string sync, string runId);

    [LoggerMessage(2102, LogLevel.Information, "Sync {Sync}: reconciliation {RunId} says {Verdict} after {Seconds:F1} s")]
    public static partial void ReconciliationDone(ILogger logger, string sync, string runId, string verdict, double seconds);
}
