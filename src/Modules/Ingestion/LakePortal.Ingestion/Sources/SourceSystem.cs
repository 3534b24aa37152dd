using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Kernel.Errors;

namespace LakePortal.Ingestion.Sources;

/// <summary>What is asked of a kind of source: PostgreSQL, or MySQL with MariaDB. Every failure comes in an operator's words.</summary>
internal abstract class SourceSystem
{
    /// <summary>The values of <c>type</c> that it serves.</summary>
    public abstract IReadOnlyList<string> Types { get; }

    /// <summary>Signs in, as the test of a connection does.</summary>
    /// <returns>Product and version.</returns>
    public abstract Task<(string Product, string Version)> SignInAsync(SourceDefinition source, CancellationToken cancellationToken);

    /// <summary>Its tables and views, outside the server's own.</summary>
    public abstract Task<IReadOnlyList<SourceTable>> ReadTablesAsync(SourceDefinition source, CancellationToken cancellationToken);

    /// <returns>Why its log cannot be followed; null: it can.</returns>
    public abstract Task<CaptureNotPossibleException?> FindObstacleAsync(SourceDefinition source, CancellationToken cancellationToken);

    /// <summary>How far its log is written; null: it has none.</summary>
    public abstract Task<LogPosition?> PositionAsync(SourceDefinition source, CancellationToken cancellationToken);

    /// <summary>Where its next record will be: what is committed now is before it.</summary>
    public abstract Task<LogPosition> NextPositionAsync(SourceDefinition source, CancellationToken cancellationToken);

    /// <summary>Before it everything that is committed now is on the server's disk.</summary>
    public virtual Task<LogPosition> FlushedPositionAsync(SourceDefinition source, CancellationToken cancellationToken) => NextPositionAsync(source, cancellationToken);

    /// <summary>What the log holds between two positions; null: it cannot be told from them alone.</summary>
    public virtual long? BytesBetween(LogPosition from, LogPosition to) => (long)(to.Value - from.Value);

    /// <param name="exactWait">How long to wait for a moment to which a position belongs exactly.</param>
    public abstract Task<LoadSnapshot> TakeAsync(SourceDefinition source, TimeSpan exactWait, CancellationToken cancellationToken);

    /// <summary>Nobody follows its log any more: what the server keeps for a reader is given up.</summary>
    public virtual Task ForgetReaderAsync(SourceDefinition source, string slot, string publication, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What the server keeps for a reader that does not read at the moment; null: nothing is kept for anybody.</summary>
    public virtual Task<KeptLog?> KeptLogAsync(SourceDefinition source, string slot, CancellationToken cancellationToken) => Task.FromResult<KeptLog?>(null);

    /// <summary>Has the server keep no more of it: what was kept is lost.</summary>
    public virtual Task GiveUpLogAsync(SourceDefinition source, string slot, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <returns>Null: not an error of the source.</returns>
    public abstract LakePortalException? Translate(Exception error, SourceDefinition source, string? table = null);

    /// <summary>What gives the user the right to read a table.</summary>
    public abstract string GrantHint(SourceDefinition source, SourceTable table);
}

/// <param name="Position">Where the log is.</param>
internal sealed record KeptLog(LogPosition Position, SlotFacts Slot);

/// <summary>All kinds of sources.</summary>
internal sealed class SourceSystems(IEnumerable<SourceSystem> systems)
{
    private readonly Dictionary<string, SourceSystem> _byType = systems.SelectMany(s => s.Types.Select(t => (t, s))).ToDictionary(p => p.t, p => p.s, StringComparer.Ordinal);

    public SourceSystem For(SourceDefinition source) => _byType.GetValueOrDefault(source.Type) ?? throw new SourceTypeNotAvailableException(source.Type);
}
