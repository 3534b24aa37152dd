namespace LakePortal.Serving.Storage;

/// <summary>Where a table's current metadata is. The row that every commit in the lake swaps.</summary>
internal sealed class CatalogTableRow
{
    public required string Namespace { get; set; }

    public required string Name { get; set; }

    public required Guid TableUuid { get; set; }

    public required string MetadataLocation { get; set; }

    public required long Version { get; set; }

    public required bool ReadOnly { get; set; }

    /// <summary>JSON array of {from, to}; null: paths are used as they stand.</summary>
    public string? LocationMap { get; set; }
}

internal sealed class QueryHistoryRow
{
    public required string QueryId { get; set; }

    public required string User { get; set; }

    /// <summary>Orders a user's entries: microseconds of the start; ties are broken by the id.</summary>
    public required long Sequence { get; set; }

    public required string Sql { get; set; }

    public required string State { get; set; }

    public required DateTimeOffset StartedAt { get; set; }

    public double? Milliseconds { get; set; }

    public long? Rows { get; set; }

    public string? Error { get; set; }
}

internal sealed class SavedQueryRow
{
    public required string Name { get; set; }

    public string? Description { get; set; }

    public required string Sql { get; set; }

    public required string Owner { get; set; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public long Version { get; set; }
}

internal sealed class DashboardRow
{
    public required string Name { get; set; }

    /// <summary>The document without <c>kind</c>, as JSON.</summary>
    public required string Document { get; set; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public long Version { get; set; }
}
