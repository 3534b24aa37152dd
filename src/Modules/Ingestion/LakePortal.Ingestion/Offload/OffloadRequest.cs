using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Offload;

/// <summary>One run of one sync.</summary>
/// <param name="Mode">The sync's mode, or <c>full</c>, or <c>rebuild</c>.</param>
/// <param name="IsResume">Started to end an interrupted run: when that one has committed already, only what is missing after it is done.</param>
internal sealed record OffloadRequest(string RunId, SyncDefinition Sync, SourceDefinition Source, string Mode, bool IsResume)
{
    public const string Full = "full";
    public const string Rebuild = "rebuild";

    /// <summary>The load of a table whose changes are captured.</summary>
    public const string Bootstrap = "bootstrap";

    /// <summary>Nothing is loaded: the run waits until the lake has what the source has at its start.</summary>
    public const string CatchUp = "catch-up";

    public bool IsBootstrap => Mode == Bootstrap;

    /// <summary>Columns that a value made text in an earlier run, with the reason.</summary>
    public IReadOnlyDictionary<string, string> LearnedText { get; init; } = new Dictionary<string, string>();

    public byte[]? HashKey { get; init; }

    /// <summary>Somebody asked for it: what has changed in the source is taken over, also where the sync's policy holds the table because of it.</summary>
    public bool IsAccepting { get; init; }

    public bool IsRebuild => Mode == Rebuild;

    /// <summary>Only what changed is wanted.</summary>
    public bool WantsIncremental => Mode == "batch" && Sync.Cursor is not null;
}

/// <summary>What a finished run leaves.</summary>
internal sealed record OffloadResult
{
    public required long? RawSnapshotId { get; init; }

    public required long? RefinedSnapshotId { get; init; }

    public required long RowsRead { get; init; }

    public required long BytesRead { get; init; }

    public required long? RowsRaw { get; init; }

    public required long? RowsRefined { get; init; }

    public required string Position { get; init; }

    /// <summary>The position and the rows belong to each other exactly; otherwise the position was taken just before.</summary>
    public required bool IsPositionExact { get; init; }

    /// <summary>The highest value of the cursor column in refined; null without a cursor.</summary>
    public string? CursorValue { get; init; }

    public required string Consistency { get; init; }

    public required bool IsFull { get; init; }

    /// <summary>Refined is the source at one moment, whatever raw was read in.</summary>
    public bool IsRefinedOneMoment { get; init; } = true;

    public required int Attempts { get; init; }

    /// <summary>Seconds from the start of the run until the raw snapshot was committed.</summary>
    public required double RawSeconds { get; init; }

    public required double Seconds { get; init; }
}
