using LakePortal.Kernel.Configuration;

namespace LakePortal.Ingestion.Syncs;

/// <summary>A <c>kind: sync</c> document as it is written; stored once per table, with that table alone in <see cref="Tables"/>.</summary>
internal sealed record SyncDocument
{
    public required string Source { get; init; }

    public required IReadOnlyList<string> Tables { get; init; }

    /// <summary>May hold {source}, {schema} and {table}.</summary>
    public string? Name { get; init; }

    public string Mode { get; init; } = "batch";

    public IReadOnlyList<string> Key { get; init; } = [];

    public string? Cursor { get; init; }

    public string? Schedule { get; init; }

    public string? Timezone { get; init; }

    public SyncColumnsDocument? Columns { get; init; }

    /// <summary>May hold {name}, {source}, {schema} and {table}.</summary>
    public string? Raw { get; init; }

    public string? Refined { get; init; }

    public IReadOnlyList<string> PartitionBy { get; init; } = [];

    public string Consistency { get; init; } = "run";

    /// <summary>Of a table that follows its changes: what becomes of other columns in the source. evolve, freeze or hold.</summary>
    public string? Schema { get; init; }

    /// <summary>Whether the clock compacts its tables.</summary>
    public bool Compact { get; init; } = true;

    /// <summary>Compares the table with its source by the clock.</summary>
    public SyncReconcileDocument? Reconcile { get; init; }
}

internal sealed record SyncReconcileDocument
{
    /// <summary>Quartz cron.</summary>
    public required string Schedule { get; init; }

    public string? Timezone { get; init; }

    /// <summary>Default: rolling for tables that follow their changes, else snapshot.</summary>
    public string? Method { get; init; }

    /// <summary>About so many rows each time; without it all.</summary>
    public long? Sample { get; init; }

    public bool Repair { get; init; }
}

internal sealed record SyncColumnsDocument
{
    public IReadOnlyList<string> Exclude { get; init; } = [];

    public IReadOnlyList<string> Hash { get; init; } = [];

    /// <summary>Loaded as text although a typed form exists.</summary>
    public IReadOnlyList<string> Text { get; init; } = [];

    /// <summary>Keys the hashes: <c>${secret:…}</c>. Without it the source gets a secret of its own.</summary>
    public string? HashSalt { get; init; }
}
