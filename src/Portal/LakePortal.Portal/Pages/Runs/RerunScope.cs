using LakePortal.Processing.Contracts.Pipelines;

namespace LakePortal.Portal.Pages.Runs;

/// <summary>What a re-run from a task would run: the task and all that depend on it, shown before it is done.</summary>
internal static class RerunScope
{
    public static IReadOnlyList<string> After(PipelineRunDetail run, string task, PipelineDetail pipeline)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal) { task };

        // Tasks come in topological order: one pass reaches everything.
        foreach (var definition in pipeline.Tasks.Where(t => t.After.Any(reached.Contains)))
        {
            reached.Add(definition.Name);
        }

        return [.. run.Tasks.Select(t => t.Task).Where(reached.Contains)];
    }
}
