namespace LakePortal.Ingestion.Reconciliation.Running;

internal sealed class ReconciliationRow
{
    /// <summary>The kernel's run of kind reconcile.</summary>
    public required string RunId { get; set; }

    public required string Sync { get; set; }

    public required string Refined { get; set; }

    public required string Method { get; set; }

    public required bool Repair { get; set; }

    public long? Sample { get; set; }

    /// <summary>JSON of the part of the table that is compared alone; null: all of it.</summary>
    public string? Scope { get; set; }

    /// <summary>False: it runs, or the process was stopped while it ran, and its tag may still be on the table.</summary>
    public required bool Finished { get; set; }

    public string? Position { get; set; }

    public bool PositionExact { get; set; }

    public string? LakePosition { get; set; }

    public long? LakeSnapshotId { get; set; }

    public long? RowsSource { get; set; }

    public long? RowsLake { get; set; }

    public string? Verdict { get; set; }

    public long Missing { get; set; }

    public long Extra { get; set; }

    public long Changed { get; set; }

    public long TypeLoss { get; set; }

    public int Ranges { get; set; }

    public int RangesDifferent { get; set; }

    public long Repaired { get; set; }

    public long? RepairSnapshotId { get; set; }

    /// <summary>JSON array of texts.</summary>
    public required string Notes { get; set; }

    public required DateTimeOffset StartedAt { get; set; }

    public double Seconds { get; set; }
}

internal sealed class ReconciliationRangeRow
{
    public required string RunId { get; set; }

    public required int Number { get; set; }

    public string? Low { get; set; }

    public string? High { get; set; }

    public required long RowsSource { get; set; }

    public required long RowsLake { get; set; }

    public required string HashSource { get; set; }

    public required string HashLake { get; set; }

    public required string Verdict { get; set; }

    public required string Position { get; set; }
}

internal sealed class ReconciliationDifferenceRow
{
    public required string RunId { get; set; }

    public required int Number { get; set; }

    /// <summary>JSON object.</summary>
    public required string Key { get; set; }

    public required string Kind { get; set; }

    /// <summary>JSON array of the columns that differ.</summary>
    public required string Columns { get; set; }

    /// <summary>JSON object of texts; null: the source has no such row.</summary>
    public string? Source { get; set; }

    public string? Lake { get; set; }

    public required bool Repaired { get; set; }
}

/// <summary>Until where the lake is known to equal the source.</summary>
internal sealed class VerifiedRow
{
    public required string Sync { get; set; }

    public required string Position { get; set; }

    public required long LakeSnapshotId { get; set; }

    public required string RunId { get; set; }

    public required DateTimeOffset At { get; set; }
}
