using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Reconciliation.Comparison;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>Both sides at one moment each, held until disposed.</summary>
/// <param name="LakeRows">Rows of the lake's snapshot, as its metadata counts them.</param>
/// <param name="TakenAt">Timestamp of the clock when the snapshot was taken.</param>
/// <param name="ReadAt">The same as a time.</param>
internal sealed record OpenMoment(
    SourceSnapshot Snapshot, PgTable SourceTable, LakeMoment Lake, long LakeRows, IStagingArea Area, TableComparison Comparison, long TakenAt, DateTimeOffset ReadAt) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Comparison.DisposeAsync();
        await Area.DisposeAsync();
        await Snapshot.DisposeAsync();
    }
}
