using System.Text.Json.Nodes;
using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Ingestion.Contracts.Sources;

/// <param name="State"><c>ok</c>, <c>unreachable</c>, <c>unknown</c> (not tested yet).</param>
/// <param name="Reason">Why it is not ok.</param>
public sealed record SourceSummary(
    string Name, string Type, string Address, string State, string? Reason, DateTimeOffset? CheckedAt, int Syncs, int SyncsFailed,
    DateTimeOffset? LastCommitAt);

[RequiresPermission(Permissions.SourcesRead)]
public sealed record ListSources : IRequest<IReadOnlyList<SourceSummary>>;

/// <exception cref="LakePortal.Kernel.Errors.ObjectNotFoundException">No such source.</exception>
[RequiresPermission(Permissions.SourcesRead)]
public sealed record GetSource(string Name) : IRequest<SourceSummary>;

/// <summary>Tries a connection with a configuration that need not be saved (a <c>kind: source</c> document), or with a saved one when only the name is given. Never throws for a failed connection.</summary>
[RequiresPermission(Permissions.SourcesWrite)]
public sealed record TestConnection(JsonObject Source) : IRequest<ConnectionTest>;

/// <param name="Ok">No step failed.</param>
/// <param name="Steps">resolve, connect, sign-in, database, read, follow: what was tried, in order.</param>
public sealed record ConnectionTest(bool Ok, IReadOnlyList<ConnectionStep> Steps, string? ServerVersion, double Milliseconds);

/// <param name="State"><c>ok</c>; <c>warn</c>: loads work, following changes does not; <c>failed</c>; <c>skipped</c>.</param>
public sealed record ConnectionStep(string Name, string State, string? Message, string? Hint);

/// <summary>Lists what the source holds; for the wizard also with an unsaved configuration.</summary>
[RequiresPermission(Permissions.SourcesRead)]
public sealed record DiscoverSource(JsonObject Source) : IRequest<IReadOnlyList<DiscoveredTable>>;

/// <param name="Rows">Estimate of the source's own statistics; null when it has none.</param>
/// <param name="Kind"><c>table</c>, <c>partitioned table</c>, <c>view</c>, <c>materialized view</c>.</param>
/// <param name="SuggestedMode">By the table's size and change rate, with the reason.</param>
public sealed record DiscoveredTable(
    string Schema, string Name, string Kind, long? Rows, long Bytes, IReadOnlyList<string> Key, IReadOnlyList<DiscoveredColumn> Columns,
    string SuggestedMode, string SuggestedReason);

/// <param name="SourceType">As the source names it.</param>
/// <param name="LakeType">As the lake will store it.</param>
/// <param name="Note">Why it becomes text, if it does.</param>
public sealed record DiscoveredColumn(string Name, string SourceType, string LakeType, bool Nullable, bool IsGenerated, string? Note);
