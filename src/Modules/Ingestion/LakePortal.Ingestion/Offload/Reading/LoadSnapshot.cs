using LakePortal.Engine.Native;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Store;

namespace LakePortal.Ingestion.Offload.Reading;

/// <summary>One moment of a source, as a load reads it: everything that is read by its readers is read in it.</summary>
internal abstract class LoadSnapshot : IAsyncDisposable
{
    /// <summary>
    /// Log position. Exact: what is committed behind it is what the snapshot does not see. Otherwise taken just before the snapshot: what is behind it may be
    /// in the snapshot too.
    /// </summary>
    public abstract string Position { get; }

    public abstract bool IsExact { get; }

    /// <summary>Why the position does not belong to the rows exactly.</summary>
    public abstract Task<Exception> WhyInexactAsync(CancellationToken cancellationToken);

    /// <summary>Whatever it is that the source does not promise, its rows may be of several moments.</summary>
    public virtual bool IsOneMoment => true;

    /// <summary>64-bit id below which every transaction had ended; 0 where rows have no such thing.</summary>
    public virtual long Xmin => 0;

    /// <summary>The table as it is, kept from being redefined or truncated until the snapshot is given up.</summary>
    /// <returns>Null: there is no such table.</returns>
    public abstract Task<SourceTable?> DescribeAsync(string schema, string table, CancellationToken cancellationToken);

    public abstract Task<LoadAccess> AccessAsync(SourceTable table, CancellationToken cancellationToken);

    /// <summary>Changes of the table are sent to whoever follows the source.</summary>
    public virtual Task<bool> IsLoggedAsync(SourceTable table, CancellationToken cancellationToken) => Task.FromResult(true);

    /// <summary>What will tell later that rows changed without being in the log.</summary>
    public abstract Task<(string Heaps, string Definition)> WatchAsync(SourceTable table, CancellationToken cancellationToken);

    /// <summary>A connection that reads chunks of the table in this moment.</summary>
    public abstract Task<IChunkReader> OpenReaderAsync(SourceTable table, TablePlan plan, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}

/// <summary>How a table can be read.</summary>
internal abstract class LoadAccess
{
    /// <summary>Chunks of an interrupted load can be used by the next attempt.</summary>
    public abstract bool CanResume { get; }

    /// <summary>A resumed load sees what changed and what was deleted in the chunks that it keeps, so that refined is the source at the last position.</summary>
    public abstract bool RereadsKept { get; }

    /// <summary>Chunks of another table or server must not be mixed with those of this one.</summary>
    public abstract string Identity { get; }

    /// <summary>Null: changed rows can be told from others.</summary>
    public abstract string? WhyNotIncremental { get; }

    public abstract Horizon Horizon(string planHash);

    /// <summary>From which transaction on rows are new; null: everything is to be read.</summary>
    /// <param name="last">Until where the lake is.</param>
    /// <param name="now">Until where it will be.</param>
    /// <param name="note">Takes the reason when everything is to be read.</param>
    public abstract long? Since(Horizon last, Horizon now, Action<string> note);

    /// <summary>A chunk of an earlier attempt still stands for its part of the table.</summary>
    public abstract bool IsGood(ChunkRow chunk);

    public abstract IReadOnlyList<ReadChunk> Whole(ChunkSizes sizes, long? since);

    public abstract IReadOnlyList<ReadChunk> Rest(ChunkSizes sizes, IReadOnlyList<ChunkRow> kept);

    /// <summary>After a resumed load: files for raw that say what was deleted between its attempts.</summary>
    public virtual Task<IReadOnlyList<ContentFile>> DeletedAsync(
        OffloadWork work, IStagingArea area, TableIdentifier raw, IReadOnlyList<ChunkRow> kept, IReadOnlyList<ChunkRow> read, RowStamp stamp, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ContentFile>>([]);
}

/// <summary>Reads chunks one after another. Reading blocks; after an exception the reader is of no more use.</summary>
internal interface IChunkReader : IAsyncDisposable
{
    /// <param name="chunk">What to read.</param>
    /// <param name="target">The data chunk to fill next.</param>
    /// <param name="filled">The data chunk holds this many rows, from this many bytes; it is empty again when this returns.</param>
    /// <param name="cancellationToken">Checked between reads.</param>
    void Read(ReadChunk chunk, Func<DataChunkBuilder> target, Action<int, int> filled, CancellationToken cancellationToken);

    /// <summary>Tells the server to stop a read that waits for it.</summary>
    /// <returns>Why it could not be told; null: it was.</returns>
    Task<string?> CancelAsync();
}
