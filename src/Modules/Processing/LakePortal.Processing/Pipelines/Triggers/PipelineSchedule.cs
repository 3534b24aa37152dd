using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Scheduling;
using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Pipelines.Runs;
using Microsoft.Extensions.Logging;

namespace LakePortal.Processing.Pipelines.Triggers;

/// <summary>Runs a pipeline by the clock. <c>today</c> is the day for which it was due, also when it fires late after a stop.</summary>
internal sealed partial class PipelineSchedule(PipelineLauncher launcher, ILogger<PipelineSchedule> logger) : IScheduledJob
{
    public const string Job = "processing.pipeline";

    public async Task ExecuteAsync(string id, DateTimeOffset scheduledAt, CancellationToken cancellationToken)
    {
        var run = await launcher.LaunchAsync(
            new LaunchRequest(id, new Dictionary<string, string>(), null, null, "schedule", Caller.System.User, scheduledAt), cancellationToken);
        if (run is null)
        {
            LogSkipped(logger, id, scheduledAt);
        }
    }

    /// <summary>Brings the scheduler in line with the definition.</summary>
    public static Task SetAsync(IJobSchedule schedule, PipelineDefinition definition, bool paused, CancellationToken cancellationToken) =>
        definition.Schedule is { } cron
            ? schedule.SetAsync(Job, definition.Name, CronSchedule.Parse(cron, definition.TimeZone.Id), paused, cancellationToken)
            : schedule.RemoveAsync(Job, definition.Name, cancellationToken);

    [LoggerMessage(3107, LogLevel.Warning, "Pipeline {Pipeline} did not run at {At}: an earlier run is still active")]
    private static partial void LogSkipped(ILogger logger, string pipeline, DateTimeOffset at);
}
