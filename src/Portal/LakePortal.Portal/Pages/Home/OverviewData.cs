using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Runs;
using LakePortal.Portal.Hosting;
using LakePortal.Portal.Parts.Values;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Serving.Contracts.Tables;
using MediatR;

namespace LakePortal.Portal.Pages.Home;

/// <summary>What the overview shows. Parts for which the caller lacks the permission are null and left out.</summary>
public sealed record OverviewData(
    IReadOnlyList<SourceSummary>? Sources, IReadOnlyList<SyncSummary>? Syncs, IReadOnlyList<PipelineSummary>? Pipelines,
    IReadOnlyList<TableSummary>? Tables, IReadOnlyList<RunInfo>? Running, IReadOnlyList<RunInfo>? Failed, IReadOnlyList<RunInfo>? Recent,
    SystemSnapshot? System)
{
    private const int Shown = 5;
    private const int Recently = 8;

    public bool IsEmpty => (Sources?.Count ?? 0) + (Syncs?.Count ?? 0) + (Pipelines?.Count ?? 0) + (Tables?.Count ?? 0) == 0;

    public static async Task<OverviewData> LoadAsync(IPortalSender sender, SystemFacts facts, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sender);
        ArgumentNullException.ThrowIfNull(facts);

        async Task<T?> If<T>(string permission, IRequest<T> request)
            where T : class => sender.Caller?.Can(permission) == true ? await sender.Send(request, cancellationToken) : null;

        var sources = If(Permissions.SourcesRead, new ListSources());
        var syncs = If(Permissions.SyncsRead, new ListSyncs());
        var pipelines = If(Permissions.PipelinesRead, new ListPipelines());
        var tables = If(Permissions.TablesRead, new ListTables());
        var running = If(Permissions.SystemRead, new ListRuns(new RunFilter { State = RunState.Running, Limit = 10 }));
        var failed = If(Permissions.SystemRead, new ListRuns(new RunFilter { State = RunState.Failed, Since = now.AddHours(-24), Limit = 200 }));
        var recent = If(Permissions.SystemRead, new ListRuns(new RunFilter { Limit = Recently }));
        await Task.WhenAll(sources, syncs, pipelines, tables, running, failed, recent);
        return new OverviewData(
            await sources, await syncs, await pipelines, await tables, await running, await failed, await recent,
            sender.Caller?.Can(Permissions.SystemRead) == true ? facts.Read() : null);
    }

    public static IReadOnlyList<(string State, int Count)> Group<T>(IEnumerable<T> items, Func<T, string> state) =>
        [.. items.GroupBy(state).Select(g => (g.Key, g.Count())).OrderBy(g => g.Key, StringComparer.Ordinal)];

    public static string StateOf(PipelineSummary pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        return pipeline.LastRun is { } run ? States.Name(run.State) : "never-run";
    }

    public static IReadOnlyList<TableSummary> Freshest(IEnumerable<TableSummary> tables) =>
        [.. tables.Where(t => t.UpdatedAt is not null).OrderByDescending(t => t.UpdatedAt).Take(Shown)];

    public static IReadOnlyList<TableSummary> Stalest(IEnumerable<TableSummary> tables) =>
        [.. tables.OrderBy(t => t.UpdatedAt ?? DateTimeOffset.MinValue).Take(Shown)];
}
