using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.Kernel.Scheduling;
using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Pipelines.Triggers;
using LakePortal.Processing.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>What the module does when the process starts: close what was cut off, bring schedules and triggers up, go on.</summary>
internal sealed partial class PipelineStart(
    PipelineStore store, PipelineRunStore history, PipelineReader reader, RunRecovery recovery, PipelineLauncher launcher, ChangeTriggers triggers, IRunStore runs,
    IJobSchedule schedule, TimeProvider time, IOptions<ProcessingOptions> options, ILogger<PipelineStart> logger)
{
    private const int MaxResumes = 3;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var interrupted = await recovery.RecoverAsync(cancellationToken);
        foreach (var row in await store.ListAsync(cancellationToken))
        {
            try
            {
                var definition = reader.Read(row);
                await PipelineSchedule.SetAsync(schedule, definition, row.IsPaused, cancellationToken);
                await triggers.WatchAsync(definition, isNew: false, cancellationToken);
            }
            catch (LakePortalException exception)
            {
                // One pipeline that options of this start do not allow any more must not keep the others down.
                LogNotStarted(logger, row.Name, exception.Code, exception.Message, exception.Hint);
            }
        }

        if (options.Value.ResumeInterrupted)
        {
            foreach (var run in interrupted)
            {
                await ResumeAsync(run, cancellationToken);
            }
        }

        triggers.CheckAll();
    }

    private async Task ResumeAsync(PipelineRunRow run, CancellationToken cancellationToken)
    {
        // A run that brings the process down must not do so for ever.
        if (await runs.FindAsync(run.RunId, cancellationToken) is not { Trigger: "schedule" or "data" or "resume" } info
            || await history.ChainLengthAsync(run.RootRunId, cancellationToken) > MaxResumes)
        {
            return;
        }

        try
        {
            await launcher.LaunchAsync(
                new LaunchRequest(run.Pipeline, new Dictionary<string, string>(), null, run.RunId, "resume", info.StartedBy, time.GetUtcNow()), cancellationToken);
        }
        catch (LakePortalException exception)
        {
            LogNotResumed(logger, run.RunId, run.Pipeline, exception.Code, exception.Message, exception.Hint);
        }
    }

    [LoggerMessage(3108, LogLevel.Error, "Pipeline {Pipeline} has neither schedule nor triggers: its definition is not valid any more ({Code}: {Message} {Hint})")]
    private static partial void LogNotStarted(ILogger logger, string pipeline, string code, string message, string? hint);

    [LoggerMessage(3109, LogLevel.Error, "Run {RunId} of pipeline {Pipeline} was cut off and could not be resumed: {Code}: {Message} {Hint}")]
    private static partial void LogNotResumed(ILogger logger, string runId, string pipeline, string code, string message, string? hint);
}

/// <summary>Ends active runs while everything they need is still there.</summary>
internal sealed class PipelineStop(PipelineDispatcher dispatcher) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What has not ended when the host's patience is over is closed as interrupted at the next start.</summary>
    public async Task StopAsync(CancellationToken cancellationToken) =>
        await dispatcher.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
