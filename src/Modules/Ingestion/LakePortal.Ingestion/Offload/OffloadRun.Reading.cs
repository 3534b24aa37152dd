using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Store;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using Npgsql;

namespace LakePortal.Ingestion.Offload;

/// <summary>Reading: which chunks, by which lanes, and what to do when one breaks.</summary>
internal sealed partial class OffloadRun
{
    private const int MostChunkTries = 3;

    private async Task<OpenedLoad> OpenLoadAsync(OffloadWork work, CancellationToken cancellationToken)
    {
        var fingerprint = Fingerprint(work);
        var isResumable = work.IsFull && work.Key.Count > 0 && !work.IsOwnKey && work.Access.CanResume && request.Sync.Consistency == "run";
        var open = await services.Store.FindOpenAsync(request.Sync.Name, cancellationToken);
        var kept = new List<ChunkRow>();
        if (open is { } committed && SnapshotNotes.HasLoad(work.Tables.Raw, committed.Load.LoadId))
        {
            // Stopped between its commit and its end: its files are raw's now, and not to be committed once more or taken for left-overs.
            await services.Store.CloseAsync(request.Sync.Name, cancellationToken);
        }
        else if (open is { } earlier)
        {
            var good = isResumable && earlier.Load.Resumable && earlier.Load.Fingerprint == fingerprint && request.Mode is not (OffloadRequest.Full or OffloadRequest.Rebuild)
                ? earlier.Chunks.Where(work.Access.IsGood).ToList()
                : [];

            // Delta chunks only make sense with what they are the delta of.
            kept = [.. good.Where(c => c.SinceXid is null || good.Any(b => b.SinceXid is null && b.Heap == c.Heap && b.FromPage == c.FromPage && b.ToPage == c.ToPage))];
            var dropped = earlier.Chunks.Except(kept).ToList();
            await services.Store.ForgetChunksAsync(dropped, cancellationToken);
            await services.Orphans.RemoveAsync(work.Tables, earlier.Load.IngestedAt, kept, m => progress.Note(m), cancellationToken);
        }

        var now = services.Clock.GetUtcNow();
        now = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        var load = new LoadRow
        {
            Sync = request.Sync.Name,
            LoadId = kept.Count > 0 ? open!.Value.Load.LoadId : Guid.CreateVersion7().ToString("N"),
            RunId = request.RunId,
            Fingerprint = fingerprint,
            Attempt = kept.Count > 0 ? open!.Value.Load.Attempt + 1 : 1,
            IngestedAt = open is { } before && before.Load.IngestedAt >= now ? before.Load.IngestedAt.AddMicroseconds(1) : now,
            Resumable = isResumable,
        };
        await services.Store.OpenAsync(load, cancellationToken);
        var sizes = new ChunkSizes(Math.Max(1, request.Source.Parallelism), services.Options.SmallestChunkBytes, services.Options.LargestChunkBytes);
        return new OpenedLoad(load, kept, kept.Count > 0 ? work.Access.Rest(sizes, kept) : work.Access.Whole(sizes, work.Since));
    }

    /// <summary>Reads all chunks; what comes back is complete and, where the load can be resumed, recorded.</summary>
    private async Task<IReadOnlyList<ChunkRow>> ReadAsync(OffloadWork work, OpenedLoad opened, IStagingArea area, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var queue = Channel.CreateUnbounded<ReadChunk>();
        foreach (var chunk in opened.Chunks)
        {
            _ = queue.Writer.TryWrite(chunk);
        }

        queue.Writer.Complete();
        var context = new LaneContext(work.Source, work.Plan, work.Tables.AbsentColumns, request.Sync.Raw, work.Snapshot, area,
            new RowStamp(work.Snapshot.Position, opened.Load.IngestedAt), progress, services.Clock);
        var readers = Enumerable.Range(1, Math.Clamp(opened.Chunks.Count, 1, Math.Max(1, request.Source.Parallelism))).Select(n => new LaneReader(context, n)).ToList();
        await OpenAsync(readers, cancellationToken);
        var lanes = readers.Select(r => RunLaneAsync(r, work, opened.Load, area, queue.Reader, stop)).ToList();
        try
        {
            var results = await Task.WhenAll(lanes);
            return [.. opened.Kept.Concat(results.SelectMany(r => r)).OrderBy(c => c.Number)];
        }
        catch (Exception e)
        {
            // The first failure stops the other lanes; theirs are only its echo.
            var first = lanes.Where(l => l.IsFaulted).SelectMany(l => l.Exception!.InnerExceptions).FirstOrDefault(x => x is not OperationCanceledException) ?? e;
            throw await ExplainAsync(first, work, cancellationToken);
        }
    }

    private static async Task OpenAsync(List<LaneReader> readers, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(readers.Select(r => r.OpenAsync(cancellationToken)));
        }
        catch
        {
            foreach (var reader in readers)
            {
                await reader.DisposeAsync();
            }

            throw;
        }
    }

    private async Task<IReadOnlyList<ChunkRow>> RunLaneAsync(LaneReader lane, OffloadWork work, LoadRow load, IStagingArea area, ChannelReader<ReadChunk> queue, CancellationTokenSource stop)
    {
        var finishing = new List<Task<ChunkRow>>();
        try
        {
            await using (lane)
            {
                while (queue.TryRead(out var chunk))
                {
                    Publish(f => f.With(Info(chunk, "reading")));
                    finishing.Add(RecordAsync(await ReadChunkAsync(lane, chunk, work, stop.Token), load, work.Snapshot, area, stop));
                }

                return await Task.WhenAll(finishing);
            }
        }
        catch (Exception e)
        {
            await stop.CancelAsync();
            await ((Task)Task.WhenAll(finishing)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // A write that failed stops the reading: what is to be told is the write's failure.
            var written = finishing.Where(f => f.IsFaulted).SelectMany(f => f.Exception!.InnerExceptions).FirstOrDefault(x => x is not OperationCanceledException);
            ExceptionDispatchInfo.Throw(e is OperationCanceledException && written is not null ? written : e);
            throw;
        }
    }

    private async Task<Task<ChunkFiles>> ReadChunkAsync(LaneReader lane, ReadChunk chunk, OffloadWork work, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await lane.ReadAsync(chunk, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && attempt < MostChunkTries
                && _system.Translate(e, request.Source, work.Source.Display) is SourceUnavailableException unavailable)
            {
                await lane.ResetAsync();
                progress.Note($"Chunk {chunk.Number} broke: {unavailable.Message} Reading it again.", RunLogLevel.Warning);
                await Task.Delay(TimeSpan.FromSeconds(attempt), services.Clock, cancellationToken);
            }
            catch when (cancellationToken.IsCancellationRequested)
            {
                // The server was told to stop and says so in its own words.
                await lane.ResetAsync();
                throw new OperationCanceledException(cancellationToken);
            }
            catch
            {
                await lane.ResetAsync();
                Publish(f => f.With(Info(chunk, "failed")));
                throw;
            }
        }
    }

    private async Task<ChunkRow> RecordAsync(Task<ChunkFiles> reading, LoadRow load, LoadSnapshot snapshot, IStagingArea area, CancellationTokenSource stop)
    {
        try
        {
            var done = await reading;
            var row = await services.Store.AddChunkAsync(load, done, snapshot, CancellationToken.None);
            if (load.Resumable)
            {
                area.Keep(done.Files);
            }

            Publish(f => f.With(Info(row, "done")));
            return row;
        }
        catch (Exception)
        {
            await stop.CancelAsync();
            throw;
        }
    }

    /// <summary>What the failure means for the run.</summary>
    private async Task<Exception> ExplainAsync(Exception error, OffloadWork work, CancellationToken cancellationToken)
    {
        switch (error)
        {
            case ColumnNeedsTextException needs:
                var column = work.Plan.Columns[needs.Column];
                if (column.IsText)
                {
                    return new SourceProtocolException($"Column {column.Source.Name} of {work.Source.Display} cannot be loaded as text: {needs.Reason}. Is the database's encoding SQL_ASCII?");
                }

                if (_notes.Newest(work.Tables.Raw) is not null && !request.IsRebuild && !request.IsBootstrap)
                {
                    return new ColumnTypeChangedException(work.Source.Display, column.LakeName, column.LakeType, "string", needs.Reason);
                }

                _text[column.Source.Name] = needs.Reason;
                await services.Syncs.LearnTextAsync(request.Sync.Name, _text, cancellationToken);
                return new ColumnWidenedException(column.Source.Name, needs.Reason);
            case IngestionException known:
                return known;
            case OperationCanceledException when cancellationToken.IsCancellationRequested:
                return error;
            default:
                // The engine's own errors know no more of a full disk than DuckDB's words.
                return DiskErrors.Translate(error, request.Sync.Raw.ToString()) ?? _system.Translate(error, request.Source, work.Source.Display) ?? error;
        }
    }
}
