using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Runs;
using LakePortal.Portal.Hosting;
using LakePortal.Processing.Contracts.Pipelines;

namespace LakePortal.Portal.Parts.Runs;

/// <summary>What differs between the kinds of runs: where they lead, what they need, how they are started again and cancelled.</summary>
internal static class RunKinds
{
    public const string Sync = "sync";
    public const string Pipeline = "pipeline";
    public const string Reconciliation = "reconcile";

    public static readonly IReadOnlyList<(string Value, string Text)> Options = [(Sync, "Syncs"), (Pipeline, "Pipelines"), (Reconciliation, "Reconciliations")];

    public static string ObjectUrl(RunInfo run) => run.Kind == Pipeline ? PortalUrls.Pipeline(run.Name) : PortalUrls.Sync(run.Name);

    public static string RunPermission(RunInfo run) => run.Kind == Pipeline ? Permissions.PipelinesRun : Permissions.SyncsRun;

    /// <summary>What a run came to. A comparison that worked and found differences is not good news.</summary>
    public static string State(RunInfo run) =>
        run is { Kind: Reconciliation, State: RunState.Succeeded } && run.Result?["verdict"]?.GetValue<string>() is { } verdict ? verdict : Values.States.Name(run.State);

    /// <summary>Where a run that was just started is watched.</summary>
    public static string WatchUrl(string kind, string id) => kind == Reconciliation ? PortalUrls.Reconciliation(id) : PortalUrls.Run(id);

    public static Task<string> StartAsync(IPortalSender sender, RunInfo run, CancellationToken cancellationToken) => run.Kind switch
    {
        Pipeline => sender.Send(new RunPipeline(run.Name), cancellationToken),
        Reconciliation => sender.Send(new StartReconciliation(run.Name), cancellationToken),
        _ => sender.Send(new RunSync(run.Name), cancellationToken),
    };

    public static Task CancelAsync(IPortalSender sender, RunInfo run, CancellationToken cancellationToken) => run.Kind switch
    {
        Pipeline => sender.Send(new CancelPipelineRun(run.Id), cancellationToken),
        Reconciliation => sender.Send(new CancelReconciliation(run.Id), cancellationToken),
        _ => sender.Send(new CancelSyncRun(run.Id), cancellationToken),
    };
}
