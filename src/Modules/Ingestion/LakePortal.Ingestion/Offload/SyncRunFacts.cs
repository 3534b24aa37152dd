using LakePortal.Ingestion.Contracts.Syncs;

namespace LakePortal.Ingestion.Offload;

/// <summary>What a run is known to have done so far. Replaced as a whole, so that readers need no lock.</summary>
internal sealed record SyncRunFacts(string RunId, string Sync, string Mode)
{
    public const string OneMoment = "one-moment";
    public const string SeveralMoments = "several-moments";

    public string? Position { get; init; }

    public string Consistency { get; init; } = OneMoment;

    public int Attempt { get; init; } = 1;

    public IReadOnlyList<ChunkInfo> Chunks { get; init; } = [];

    public long? RawSnapshotId { get; init; }

    public long? RefinedSnapshotId { get; init; }

    public SyncRunFacts With(ChunkInfo chunk) => this with
    {
        Chunks = [.. Chunks.Where(c => c.Number != chunk.Number).Append(chunk).OrderBy(c => c.Number)],
    };
}
