using Microsoft.Extensions.Logging;

namespace LakePortal.Kernel.Telemetry;

/// <summary>Event ids 1000–1999. Ingestion 2000, Processing 3000, Serving 4000, Governance 5000, Portal 6000, Iceberg 7000, Engine 8000.</summary>
internal static partial class KernelLog
{
    [LoggerMessage(1001, LogLevel.Debug, "{Request}: {Outcome} in {Milliseconds:F1} ms")]
    public static partial void RequestDone(ILogger logger, string request, string outcome, double milliseconds);

    [LoggerMessage(1002, LogLevel.Error, "A subscriber of {Topics} failed; it stays subscribed")]
    public static partial void SubscriberFailed(ILogger logger, Exception error, string topics);

    [LoggerMessage(1003, LogLevel.Information, "Control database of {Module}: applying {Count} migrations")]
    public static partial void Migrating(ILogger logger, string module, int count);

    [LoggerMessage(1004, LogLevel.Error, "Writing run progress and log lines failed; they are kept and tried again")]
    public static partial void RunFlushFailed(ILogger logger, Exception error);

    [LoggerMessage(1005, LogLevel.Warning, "Run {RunId} ({Kind} {Name}) was left unfinished by a stopped process")]
    public static partial void RunInterrupted(ILogger logger, string runId, string kind, string name);

    [LoggerMessage(1006, LogLevel.Warning, "Scheduled job {Job} of {Id} failed with {Code}: {Message} {Hint}")]
    public static partial void ScheduledJobFailed(ILogger logger, string job, string id, string code, string message, string? hint);

    [LoggerMessage(1009, LogLevel.Error, "Scheduled job {Job} of {Id} failed unexpectedly")]
    public static partial void ScheduledJobFailedUnexpectedly(ILogger logger, Exception error, string job, string id);

    [LoggerMessage(1007, LogLevel.Warning, "Removed the migration lock that a killed process left in the control database")]
    public static partial void StaleMigrationLock(ILogger logger);

    [LoggerMessage(1008, LogLevel.Information, "Module {Module} started in {Milliseconds:F0} ms")]
    public static partial void ModuleStarted(ILogger logger, string module, double milliseconds);
}
