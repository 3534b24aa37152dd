using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Pipelines.Parameters;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>Everything a run needs, decided when it was asked for.</summary>
/// <param name="RootRunId">First run of the chain of re-runs; <paramref name="RunId"/> itself when it is none.</param>
/// <param name="Kept">Tasks that are taken over from an earlier run and not run again.</param>
internal sealed record RunPlan(
    string RunId,
    string RootRunId,
    PipelineDefinition Definition,
    ParameterSet Parameters,
    IReadOnlySet<string> Kept,
    string Trigger)
{
    public bool IsRerun => RunId != RootRunId;
}

/// <summary>What one attempt of a task did.</summary>
/// <param name="Recognised">Nothing was done now: an earlier attempt had committed already.</param>
internal sealed record TaskResult(
    long? RowsWritten, long? RowsDeleted, long? SnapshotId, IReadOnlyDictionary<string, long?> Inputs, bool Recognised = false);

/// <summary>Keys of the snapshot summary by which a task finds its own commit again.</summary>
internal static class SummaryKeys
{
    public const string Run = "lakeportal.run";
    public const string RootRun = "lakeportal.root-run";
    public const string Pipeline = "lakeportal.pipeline";
    public const string Task = "lakeportal.task";
}
