using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LakePortal.Kernel.Configuration;

/// <summary>
/// One <c>kind:</c> of the YAML configuration, owned by one module. The kernel reads documents (YAML or JSON), finds the kind,
/// and drives plan and apply; the module knows what the document means.
/// </summary>
public interface IConfigurationKind
{
    /// <summary>Singular, as in the document: <c>source</c>, <c>feature-view</c>.</summary>
    string Kind { get; }

    /// <summary>Kinds are applied in ascending and pruned in descending order: secret 0, role 5, engine 8, source 10, sync 20, pipeline 30, query 35, dashboard 40, policy 50.</summary>
    int Order { get; }

    /// <summary>The permission needed to change objects of this kind.</summary>
    string WritePermission { get; }

    string ReadPermission { get; }

    /// <summary>Checks the document and says what applying it would do. One document may stand for several objects (a sync with patterns).</summary>
    /// <exception cref="Errors.InvalidInputException">Unknown keys, wrong types, broken references; faults carry the place in the document.</exception>
    Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken);

    /// <summary>Makes it so. Idempotent.</summary>
    Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken);

    /// <summary>Names of all objects of this kind, in ordinal order.</summary>
    Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken);

    /// <summary>The object as a document of the same shape as it was applied, defaults left out, secrets as references; null when there is none.</summary>
    Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken);

    Task DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>What the saved objects do with tables; nothing, for kinds that write none.</summary>
    Task<IReadOnlyList<TableTraffic>> TrafficAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<TableTraffic>>([]);
}

public enum ChangeAction
{
    Create,
    Update,
    Unchanged,
    Delete,
}

/// <param name="Kind">Kind of the object.</param>
/// <param name="Name">Name of the object.</param>
/// <param name="Action">What would happen.</param>
/// <param name="Details">For an update: <c>mode: batch → cdc</c>, one per changed key.</param>
public sealed record PlannedChange(string Kind, string Name, ChangeAction Action, IReadOnlyList<string> Details)
{
    /// <summary>What will not work yet although the document is sound, e.g. a reference to a secret that is not stored; sentences.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What the object will do with tables; null: it writes none and waits for none.</summary>
    [JsonIgnore]
    public TableTraffic? Traffic { get; init; }
}
