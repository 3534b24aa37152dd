using System.Globalization;
using System.Text.Json;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Iceberg.Tables;

/// <summary>The table's metadata file (specification, section "Table Metadata").</summary>
public sealed record TableMetadata
{
    public required int FormatVersion { get; init; }

    public required Guid TableUuid { get; init; }

    public required string Location { get; init; }

    public required long LastSequenceNumber { get; init; }

    public required DateTimeOffset LastUpdated { get; init; }

    public required int LastColumnId { get; init; }

    public required IReadOnlyList<Schema> Schemas { get; init; }

    public required int CurrentSchemaId { get; init; }

    public required IReadOnlyList<PartitionSpec> PartitionSpecs { get; init; }

    public required int DefaultSpecId { get; init; }

    public required int LastPartitionId { get; init; }

    public required IReadOnlyList<SortOrder> SortOrders { get; init; }

    public required int DefaultSortOrderId { get; init; }

    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>Null: no snapshot yet.</summary>
    public long? CurrentSnapshotId { get; init; }

    public IReadOnlyList<Snapshot> Snapshots { get; init; } = [];

    public IReadOnlyList<SnapshotLogEntry> SnapshotLog { get; init; } = [];

    public IReadOnlyList<MetadataLogEntry> MetadataLog { get; init; } = [];

    public IReadOnlyDictionary<string, SnapshotRef> Refs { get; init; } = new Dictionary<string, SnapshotRef>();

    /// <summary>Keys that this program does not interpret (statistics, next-row-id, …), kept as they were read.</summary>
    public IReadOnlyDictionary<string, JsonElement> Extra { get; init; } = new Dictionary<string, JsonElement>();

    public Schema CurrentSchema => Schemas.First(s => s.SchemaId == CurrentSchemaId);

    public PartitionSpec DefaultSpec => PartitionSpecs.First(s => s.SpecId == DefaultSpecId);

    public Snapshot? CurrentSnapshot => CurrentSnapshotId is { } id ? FindSnapshot(id) : null;

    public Snapshot? FindSnapshot(long snapshotId) => Snapshots.FirstOrDefault(s => s.SnapshotId == snapshotId);

    /// <summary>Which snapshots <c>main</c> went through before those that expired: ids, newest first. Parents do not lead there any more.</summary>
    internal const string EarlierOfMain = "lakeportal.earlier-snapshots";

    /// <summary>The snapshots that <c>main</c> went through and that are still there, newest first; what expired in between is left out.</summary>
    public IEnumerable<Snapshot> History()
    {
        var byId = Snapshots.ToDictionary(s => s.SnapshotId);
        Snapshot? last = null;
        for (var id = CurrentSnapshotId; id is { } known && byId.TryGetValue(known, out var snapshot); id = snapshot.ParentSnapshotId)
        {
            yield return last = snapshot;
        }

        foreach (var text in Properties.GetValueOrDefault(EarlierOfMain, "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            // After a rollback, what was behind it is none of main's.
            if (last is not null && byId.TryGetValue(long.Parse(text, CultureInfo.InvariantCulture), out var earlier) && earlier.SequenceNumber < last.SequenceNumber)
            {
                yield return last = earlier;
            }
        }
    }
}

/// <param name="Summary">All entries, <c>operation</c> included.</param>
public sealed record Snapshot(
    long SnapshotId,
    long? ParentSnapshotId,
    long SequenceNumber,
    DateTimeOffset Timestamp,
    string ManifestList,
    IReadOnlyDictionary<string, string> Summary,
    int? SchemaId)
{
    public string Operation => Summary.GetValueOrDefault("operation", "append");

    /// <summary>v1 tables may list manifests directly instead of a manifest list.</summary>
    public IReadOnlyList<string>? Manifests { get; init; }

    /// <summary>Keys that this program does not interpret, kept as they were read.</summary>
    public IReadOnlyDictionary<string, JsonElement> Extra { get; init; } = new Dictionary<string, JsonElement>();
}

public sealed record SnapshotLogEntry(DateTimeOffset Timestamp, long SnapshotId);

public sealed record MetadataLogEntry(DateTimeOffset Timestamp, string MetadataFile);

public sealed record SnapshotRef(
    long SnapshotId, bool IsTag, int? MinSnapshotsToKeep = null, TimeSpan? MaxSnapshotAge = null, TimeSpan? MaxRefAge = null)
{
    /// <summary>The branch that <see cref="TableMetadata.CurrentSnapshotId"/> follows.</summary>
    public const string Main = "main";
}

public sealed record SortOrder(int OrderId, IReadOnlyList<SortField> Fields);

public sealed record SortField(int SourceId, Transform Transform, bool Descending, bool NullsLast);
