using LakePortal.Processing.Contracts.Pipelines;

namespace LakePortal.Portal.Pages.Runs;

/// <summary>Where each task's bar begins and how wide it is, in percent of the run.</summary>
internal static class Gantt
{
    public sealed record Bar(TaskRun Task, double Left, double Width);

    public static IReadOnlyList<Bar> Bars(PipelineRunDetail run, DateTimeOffset now)
    {
        var started = run.Tasks.Select(t => t.StartedAt).OfType<DateTimeOffset>().DefaultIfEmpty(run.Run.StartedAt ?? run.Run.QueuedAt).Min();
        var ended = run.Tasks.Where(t => t.StartedAt is not null).Select(t => t.FinishedAt ?? now).DefaultIfEmpty(now).Max();
        var whole = Math.Max(0.001, (ended - started).TotalSeconds);
        return
        [
            .. run.Tasks.Select(t => t.StartedAt is not { } from
                ? new Bar(t, 0, 0)
                : new Bar(t, (from - started).TotalSeconds / whole * 100, Math.Max(0.4, ((t.FinishedAt ?? now) - from).TotalSeconds / whole * 100))),
        ];
    }
}
