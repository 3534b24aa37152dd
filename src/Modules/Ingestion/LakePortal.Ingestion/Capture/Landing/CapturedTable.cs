using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Capture.TextValues;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>A table as the log describes it, and how its rows become the lake's.</summary>
/// <param name="Map">For each column of the relation the column of the plan; -1: left out.</param>
/// <param name="Key">Lake names of the columns that identify a row; empty: rows are told apart by all their columns.</param>
internal sealed record TableShape(Relation Relation, TablePlan Plan, IReadOnlyList<int> Map, IReadOnlyList<string> Key)
{
    /// <summary>The table as its catalogs and the log describe it together.</summary>
    public required SourceTable Source { get; init; }

    /// <summary>Columns that existing rows got a value for without a change in the log: the table has to be loaded again.</summary>
    public IReadOnlyList<LandedColumn> FilledBehindTheLog { get; init; } = [];

    public IReadOnlyList<ColumnDecoder> Decoders { get; } = [.. Plan.Columns.Select(TextForms.DecoderFor)];

    /// <summary>For each column of the relation: it is part of the key.</summary>
    public IReadOnlyList<bool> IsKey { get; } = [.. Map.Select(m => m >= 0 && Key.Contains(Plan.Columns[m].LakeName))];
}

/// <summary>A table whose changes are captured: one sync. Its state is changed under <see cref="Gate"/>, which whoever commits to its tables holds.</summary>
internal sealed class CapturedTable(SyncDefinition sync) : IDisposable
{
    private readonly Lock _needLock = new();
    private bool _isShapeOutdated;
    private LogPosition _neededFrom;
    private LogPosition _loadedAt;

    public SyncDefinition Sync { get; } = sync;

    public string Name => Sync.Name;

    public SnapshotNotes Notes { get; } = new(sync.Name);

    public SemaphoreSlim Gate { get; } = new(1);

    /// <summary>One of <see cref="CaptureStates"/>.</summary>
    public string State { get; set; } = CaptureStates.Waiting;

    public string? Reason { get; set; }

    /// <summary>Changes go to raw and wait there; refined stays as it is.</summary>
    public bool IsPaused { get; init; }

    /// <summary>Refined follows the changes.</summary>
    public bool IsFollowed => State == CaptureStates.Streaming && !IsPaused;

    /// <summary>A load is due, or is going on.</summary>
    public bool NeedsToLoad => State is CaptureStates.Waiting or CaptureStates.Loading || (IsFollowed && NeedsLoad is not null);

    /// <summary>Key of hashed columns.</summary>
    public byte[]? HashKey { get; init; }

    /// <summary>Columns that a value made text, with the reason.</summary>
    public IReadOnlyDictionary<string, string> LearnedText { get; set; } = new Dictionary<string, string>();

    /// <summary>How columns are loaded has changed: the reading thread has to make the shape anew.</summary>
    public bool IsShapeOutdated
    {
        get => Volatile.Read(ref _isShapeOutdated);
        set => Volatile.Write(ref _isShapeOutdated, value);
    }

    /// <summary>As the log describes it; of the reading thread.</summary>
    public TableShape? Shape { get; set; }

    /// <summary>The shape for which the lake's tables were made fit; of whoever lands.</summary>
    public TableShape? LandedShape { get; set; }

    public LakePortal.Iceberg.Table? Prepared { get; set; }

    /// <summary>The source's table as the lake last had it; null: never loaded.</summary>
    public LandedTable? Landed { get; set; }

    /// <summary>The source is another cluster, or on another timeline: positions in raw say nothing any more.</summary>
    public bool StartsOver { get; set; }

    /// <summary>While the table is loaded for the first time, or once more after a gap: what committed before is in the load.</summary>
    public LogPosition LoadFrom { get; set; }

    /// <summary>The load that is going on began without changes that had been kept.</summary>
    public bool IsFreshLoad { get; set; }

    /// <summary>The key that refined has; empty: none, or no table yet.</summary>
    public IReadOnlyList<string> KeyInLake { get; set; } = [];

    /// <summary>Why the table has to be loaded once more although its changes are followed; null: it has not.</summary>
    public string? NeedsLoad { get; set; }

    /// <summary>A load that does not have what is behind the position does not help.</summary>
    /// <returns>Nobody had said so before.</returns>
    public bool Need(string why, LogPosition at)
    {
        lock (_needLock)
        {
            if (at < _loadedAt)
            {
                return false;
            }

            var isNew = NeedsLoad is null;
            (NeedsLoad, _neededFrom) = (why, at > _neededFrom ? at : _neededFrom);
            return isNew;
        }
    }

    public bool IsNeededFrom(LogPosition at)
    {
        lock (_needLock)
        {
            return NeedsLoad is not null && _neededFrom >= at;
        }
    }

    /// <summary>A load has joined.</summary>
    /// <param name="at">What committed before it is in the load.</param>
    /// <returns>No other one is needed.</returns>
    public bool Loaded(LogPosition at)
    {
        lock (_needLock)
        {
            _loadedAt = at;
            var isMet = NeedsLoad is null || _neededFrom < at;
            NeedsLoad = isMet ? null : NeedsLoad;
            return isMet;
        }
    }

    /// <summary>What is committed to raw: changes of transactions before it are there already and are not taken again.</summary>
    public LogPosition RawPosition { get; set; }

    /// <summary>What refined stands for.</summary>
    public LogPosition RefinedPosition { get; set; }

    /// <summary>A transaction that committed at <paramref name="commit"/> is new to the table.</summary>
    public bool Wants(LogPosition commit) => State is CaptureStates.Streaming or CaptureStates.Loading && commit >= RawPosition && commit >= LoadFrom;

    public void Dispose() => Gate.Dispose();
}
