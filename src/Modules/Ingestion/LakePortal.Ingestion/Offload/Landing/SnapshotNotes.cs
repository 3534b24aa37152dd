using System.Globalization;
using System.Text.Json;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Offload.Landing;

/// <summary>Until where an incremental sync has read: everything that a transaction below <see cref="Xmin"/> wrote.</summary>
/// <param name="Database">oid of the database: transaction ids mean nothing in another cluster's.</param>
/// <param name="Table">oid of the table: a table that was dropped and made again starts over.</param>
/// <param name="Plan">Hash of the columns and of how they are loaded: a default that old rows got without being written, or a column that is hashed from now on, shows in no row's version.</param>
/// <param name="Heaps">The files that hold the rows: an attached partition brings rows with old versions, a truncation or a detached partition takes rows away.</param>
internal sealed record Horizon(long Xmin, uint Database, uint Table, string? Plan, string? Heaps);

/// <summary>How much a load read from its source.</summary>
internal readonly record struct LoadSize(long Rows, long Bytes);

/// <summary>What a sync writes into snapshot summaries and reads back: the lake itself says how far it is, so that a crash between two commits, or between a commit and the control database, loses and repeats nothing.</summary>
internal sealed record SnapshotNotes(string Sync)
{
    public const string Run = "lakeportal.run";
    public const string Load = "lakeportal.load";
    public const string LoadKind = "lakeportal.load-kind";
    public const string IngestedAt = "lakeportal.ingested-at";
    public const string Deduplicate = "lakeportal.several-moments";
    public const string RawSnapshot = "lakeportal.raw-snapshot";
    public const string PositionExact = "lakeportal.position-exact";
    /// <summary>Of a load that joins captured changes: the position of the earliest of its chunks. Its own position says how far raw is, which may be further.</summary>
    public const string LoadFrom = "lakeportal.load-from";

    /// <summary>The position at which its rows, newest first, are the source's.</summary>
    public const string LoadTo = "lakeportal.load-to";

    public const string RowsRead = "lakeportal.rows-read";
    public const string BytesRead = "lakeportal.bytes-read";

    /// <summary>The kind of load of what was captured from the log.</summary>
    public const string Capture = "capture";

    /// <summary>The kind of load that joins captured changes.</summary>
    public const string Bootstrap = "bootstrap";

    public string PositionKey => $"lakeportal.position.{Sync}";

    public string HorizonKey => $"lakeportal.horizon.{Sync}";

    public Dictionary<string, string> ForRaw(string runId, string loadId, bool isFull, string position, bool isExact, string ingestedAt, bool severalMoments, LoadSize read, Horizon horizon) => new(StringComparer.Ordinal)
    {
        [Run] = runId, [Load] = loadId, [LoadKind] = isFull ? "full" : "incremental", [PositionKey] = position, [PositionExact] = isExact ? "true" : "false", [IngestedAt] = ingestedAt,
        [Deduplicate] = severalMoments ? "true" : "false", [HorizonKey] = JsonSerializer.Serialize(horizon),
        [RowsRead] = read.Rows.ToString(CultureInfo.InvariantCulture), [BytesRead] = read.Bytes.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>What the load behind a raw snapshot read from the source, in all of its attempts.</summary>
    public static LoadSize SizeOf(Snapshot raw) =>
        new(long.Parse(raw.Summary[RowsRead], CultureInfo.InvariantCulture), long.Parse(raw.Summary[BytesRead], CultureInfo.InvariantCulture));

    public Dictionary<string, string> ForRefined(string runId, Snapshot raw) => new(StringComparer.Ordinal)
    {
        [Run] = runId, [Load] = raw.Summary[Load], [PositionKey] = raw.Summary[PositionKey], [RawSnapshot] = raw.SnapshotId.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Of a snapshot with captured changes, raw or refined: everything before the position is in.</summary>
    public Dictionary<string, string> ForCapture(LogPosition position, string? ingestedAt)
    {
        var summary = new Dictionary<string, string>(StringComparer.Ordinal) { [LoadKind] = Capture, [PositionKey] = position.ToString() };
        if (ingestedAt is not null)
        {
            summary[IngestedAt] = ingestedAt;
        }

        return summary;
    }

    /// <summary>The position that captured changes, or a load among them, have brought the table to; null: none yet.</summary>
    public LogPosition? Captured(Table? table) =>
        LogPosition.TryParse(table?.Metadata.History().FirstOrDefault(s => s.Summary.GetValueOrDefault(LoadKind) is Capture or Bootstrap)?.Summary.GetValueOrDefault(PositionKey));

    /// <summary>The newest snapshot of the table that this sync committed; maintenance may have committed after it.</summary>
    public Snapshot? Newest(Table table) => table.Metadata.History().FirstOrDefault(s => s.Summary.ContainsKey(PositionKey));

    /// <summary>The load's snapshot is among the table's.</summary>
    public static bool HasLoad(Table table, string loadId) => FindLoad(table, loadId) is not null;

    public static Snapshot? FindLoad(Table table, string loadId) => table.Metadata.History().FirstOrDefault(s => s.Summary.GetValueOrDefault(Load) == loadId);

    public Horizon? HorizonOf(Snapshot? raw) =>
        raw is not null && raw.Summary.TryGetValue(HorizonKey, out var json) ? JsonSerializer.Deserialize<Horizon>(json) : null;

    /// <summary>The refined table does not hold what the raw table does: a crash came between the two commits.</summary>
    public static bool IsBehind(Snapshot? raw, Snapshot? refined) => raw is not null && refined?.Summary.GetValueOrDefault(Load) != raw.Summary[Load];
}
