using System.Text.Json.Nodes;
using LakePortal.Kernel.Configuration;

namespace LakePortal.Processing.Pipelines.Definition;

/// <summary><c>kind: pipeline</c> as it is written.</summary>
internal sealed record PipelineDocument(
    string Name,
    string? Description = null,
    string? Schedule = null,
    [property: ConfigName("timezone")] string? TimeZone = null,
    IReadOnlyList<string>? WhenChanged = null,
    JsonObject? Params = null,
    int Concurrency = 1,
    Overlap Overlap = Overlap.Skip,
    IReadOnlyList<TaskDocument>? Tasks = null);

/// <param name="Type">May be left out when <c>sql</c> or <c>sync</c> says it.</param>
/// <param name="Checks">Known to the reader so that it can say that they are not available, instead of calling the key unknown.</param>
internal sealed record TaskDocument(
    string Name,
    string? Type = null,
    IReadOnlyList<string>? After = null,
    string? Target = null,
    string? Write = null,
    IReadOnlyList<string>? Key = null,
    IReadOnlyList<string>? PartitionBy = null,
    string? Sql = null,
    string? Sync = null,
    string? Mode = null,
    string? Engine = null,
    int Retries = 2,
    TimeSpan? RetryDelay = null,
    TimeSpan? Timeout = null,
    JsonNode? Checks = null,
    string? OnCheckFailure = null);
