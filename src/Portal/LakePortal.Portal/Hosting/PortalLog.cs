namespace LakePortal.Portal.Hosting;

/// <summary>Event ids 6000–6999.</summary>
internal static partial class PortalLog
{
    [LoggerMessage(6001, LogLevel.Error, "{Method} {Path} failed unexpectedly (trace {TraceId})")]
    public static partial void RequestFailed(ILogger logger, Exception error, string method, string path, string traceId);

    [LoggerMessage(6002, LogLevel.Warning, "{Method} {Path} failed with {Code}: {Message} (trace {TraceId})")]
    public static partial void RequestRefusedByBackend(ILogger logger, string method, string path, string code, string message, string traceId);

    [LoggerMessage(6003, LogLevel.Debug, "{Method} {Path} was refused with {Code} (trace {TraceId})")]
    public static partial void RequestRefused(ILogger logger, string method, string path, string code, string traceId);

    [LoggerMessage(6004, LogLevel.Information, "Ready after {Milliseconds:F0} ms; data in {Data}, control database {Database}")]
    public static partial void Ready(ILogger logger, double milliseconds, string data, string database);

    [LoggerMessage(6005, LogLevel.Information, "Stopping: no new work, what runs gets {Seconds} s")]
    public static partial void Stopping(ILogger logger, double seconds);

    [LoggerMessage(6006, LogLevel.Information, "The session of {User} ended on an open page: signed out, changed or disabled")]
    public static partial void SessionEnded(ILogger logger, string user);
}
