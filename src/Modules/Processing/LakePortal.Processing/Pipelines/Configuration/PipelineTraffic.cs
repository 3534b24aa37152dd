using LakePortal.Iceberg;
using LakePortal.Kernel.Configuration;
using LakePortal.Processing.Pipelines.Definition;

namespace LakePortal.Processing.Pipelines.Configuration;

/// <summary>What a pipeline's document says about tables, whether or not all of it could still be run.</summary>
internal static class PipelineTraffic
{
    public static TableTraffic Of(PipelineDocument pipeline) => new("pipeline", pipeline.Name)
    {
        Writes = Places(pipeline.Tasks ?? [], t => t.Target, i => $"tasks[{i}].target"),
        StartedBy = Places(pipeline.WhenChanged ?? [], t => t, i => $"when_changed[{i}]"),
        Starts = [.. (pipeline.Tasks ?? []).Select(t => t.Sync).OfType<string>().Select(s => ("sync", s)).Distinct()],
    };

    private static IReadOnlyList<TablePlace> Places<T>(IReadOnlyList<T> items, Func<T, string?> table, Func<int, string> path) =>
        [.. items.Select((item, i) => TableIdentifier.TryParse(table(item), out var name) ? new TablePlace(name.ToString(), path(i)) : default).Where(p => p.Table is not null)];
}
