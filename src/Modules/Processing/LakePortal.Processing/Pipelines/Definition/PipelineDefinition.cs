using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Processing.Pipelines.Parameters;

namespace LakePortal.Processing.Pipelines.Definition;

/// <summary>What happens to a scheduled run while an earlier one of the same pipeline is still active.</summary>
internal enum Overlap
{
    /// <summary>It does not take place. Runs by hand and by changed data wait instead: they carry news that a running run may have missed.</summary>
    Skip,

    /// <summary>It waits its turn.</summary>
    Queue,
}

/// <summary>A pipeline whose every rule has been checked: names are unique, dependencies exist, there is no cycle.</summary>
/// <param name="Parameters">Name and default, in order of declaration.</param>
/// <param name="Tasks">In topological order; tasks that could run side by side stay in the order of the document.</param>
internal sealed record PipelineDefinition(
    string Name,
    string? Schedule,
    TimeZoneInfo TimeZone,
    IReadOnlyList<TableIdentifier> WhenChanged,
    IReadOnlyList<KeyValuePair<string, ParameterValue>> Parameters,
    int Concurrency,
    Overlap Overlap,
    IReadOnlyList<PipelineTask> Tasks)
{
    public PipelineTask Task(string name) => Tasks.First(t => t.Name == name);
}

/// <param name="After">Tasks that must have succeeded before.</param>
/// <param name="Retries">Further attempts after a transient failure.</param>
/// <param name="RetryDelay">Before the second attempt; doubles with each further one.</param>
internal abstract record PipelineTask(
    string Name, IReadOnlyList<string> After, int Retries, TimeSpan RetryDelay, TimeSpan? Timeout)
{
    public abstract string Type { get; }
}

internal sealed record SqlTask(
    string Name, IReadOnlyList<string> After, int Retries, TimeSpan RetryDelay, TimeSpan? Timeout,
    string Sql, SqlTemplate Template, TableIdentifier Target, WriteMode Write, IReadOnlyList<string> Key, IReadOnlyList<PartitionBy> PartitionBy)
    : PipelineTask(Name, After, Retries, RetryDelay, Timeout)
{
    public override string Type => "sql";
}

internal sealed record SyncTask(
    string Name, IReadOnlyList<string> After, int Retries, TimeSpan RetryDelay, TimeSpan? Timeout, string Sync, string? Mode)
    : PipelineTask(Name, After, Retries, RetryDelay, Timeout)
{
    public override string Type => "sync";
}
