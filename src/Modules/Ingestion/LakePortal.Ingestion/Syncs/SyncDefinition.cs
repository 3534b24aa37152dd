using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Syncs;

/// <summary>One table of a source on its way into the lake: a <c>kind: sync</c> document after its patterns were resolved.</summary>
internal sealed record SyncDefinition
{
    public required string Name { get; init; }

    public required string Source { get; init; }

    public required string Schema { get; init; }

    public required string Table { get; init; }

    /// <summary><c>batch</c> or <c>snapshot</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>Columns that identify a row, as the source names them; empty: the source's own key.</summary>
    public IReadOnlyList<string> Key { get; init; } = [];

    public string? Cursor { get; init; }

    public string? Schedule { get; init; }

    public string? Timezone { get; init; }

    public IReadOnlyList<string> Exclude { get; init; } = [];

    public IReadOnlyList<string> Hash { get; init; } = [];

    public IReadOnlyList<string> Text { get; init; } = [];

    /// <summary>Reference to the secret that keys the hashes; null: one that is made for the source.</summary>
    public string? HashSalt { get; init; }

    public required TableIdentifier Raw { get; init; }

    public required TableIdentifier Refined { get; init; }

    public IReadOnlyList<PartitionBy> PartitionBy { get; init; } = [];

    /// <summary><c>run</c>: an interrupted load continues and says that its rows are of several moments; <c>table</c>: it starts over.</summary>
    public string Consistency { get; init; } = "run";

    /// <summary>One of <see cref="Capture.Landing.SchemaPolicy"/>.</summary>
    public string SchemaPolicy { get; init; } = Capture.Landing.SchemaPolicy.Evolve;

    /// <summary>False: the clock leaves the files of its tables as they are.</summary>
    public bool Compact { get; init; } = true;

    /// <summary>Compared with its source by the clock; null: not.</summary>
    public SyncReconcile? Reconcile { get; init; }

    public string SourceTable => $"{Schema}.{Table}";
}

/// <param name="Method">One of <see cref="Reconciliation.Running.ReconciliationMethods"/>.</param>
internal sealed record SyncReconcile(string Schedule, string? Timezone, string Method, long? Sample, bool Repair);
