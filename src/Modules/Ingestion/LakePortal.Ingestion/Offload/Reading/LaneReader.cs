using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Offload.Reading;

/// <param name="Files">Its data files, not committed.</param>
internal sealed record ChunkFiles(ReadChunk Chunk, long Rows, long Bytes, double Seconds, IReadOnlyList<ContentFile> Files);

/// <summary>What all lanes of an attempt share.</summary>
internal sealed record LaneContext(
    SourceTable Table, TablePlan Plan, IReadOnlyList<string> AbsentColumns, TableIdentifier Raw, LoadSnapshot Snapshot, IStagingArea Area, RowStamp Stamp,
    OffloadProgress Progress, TimeProvider Clock)
{
    /// <summary>Bytes of the stream after which a chunk's rows are written, even when it goes on.</summary>
    public long SlotBytes { get; init; } = 192L << 20;
}

/// <summary>Reads chunks one after another over one connection; while one is read, the files of the one before are written.</summary>
internal sealed class LaneReader(LaneContext context, int number) : IAsyncDisposable
{
    private readonly StagingSlot[] _slots =
    [
        new(context.Area, context.Plan, context.AbsentColumns, context.Raw, $"lane{number}a"),
        new(context.Area, context.Plan, context.AbsentColumns, context.Raw, $"lane{number}b"),
    ];

    private readonly List<Task> _writes = [];
    private IChunkReader? _connection;
    private int _slot;
    private long _rows;
    private long _bytes;

    /// <summary>Connects, and thereby locks the table. Reading connects by itself; all lanes do it before the first of them reads, so that no other statement comes in between.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken) => _connection ??= await context.Snapshot.OpenReaderAsync(context.Table, context.Plan, cancellationToken);

    /// <summary>Reads the chunk to its end and starts writing its last rows. The returned task ends when all of its files are there.</summary>
    public async Task<Task<ChunkFiles>> ReadAsync(ReadChunk chunk, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        var connection = _connection!;
        var started = context.Clock.GetTimestamp();
        var writes = new List<Task<IReadOnlyList<ContentFile>>>();
        var done = await Task.Factory.StartNew(
            () => Copy(connection, chunk, writes, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        (_rows, _bytes) = (0, 0);
        var files = FinishAsync(chunk, done.Rows, done.Bytes, started, writes);
        _writes.Add(files);
        return files;
    }

    /// <summary>After a failure: the connection is given up, a new one will see the same snapshot.</summary>
    public async Task ResetAsync()
    {
        context.Progress.Add(-_rows, -_bytes);
        (_rows, _bytes) = (0, 0);
        foreach (var slot in _slots)
        {
            slot.Abandon();
        }

        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_writes.Select(w => w.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)));
        await ResetAsync();
        foreach (var slot in _slots)
        {
            slot.Dispose();
        }
    }

    private (long Rows, long Bytes) Copy(IChunkReader connection, ReadChunk chunk, List<Task<IReadOnlyList<ContentFile>>> writes, CancellationToken cancellationToken)
    {
        (_rows, _bytes) = (0, 0);
        var slot = NextSlot();

        // A read that waits for the server (a lock, a slow disk) does not look at the token: the server is told to stop.
        using var cancelled = cancellationToken.Register(() => Cancel(connection));
        cancellationToken.ThrowIfCancellationRequested();
        connection.Read(chunk, () => slot.Chunk, Filled, cancellationToken);
        writes.Add(slot.Write(context.Stamp, cancellationToken));
        return (_rows, _bytes);

        void Filled(int chunkRows, int chunkBytes)
        {
            slot.Append(chunkRows);
            slot.Bytes += chunkBytes;
            _rows += chunkRows;
            _bytes += chunkBytes;
            context.Progress.Add(chunkRows, chunkBytes);
            if (slot.Bytes >= context.SlotBytes)
            {
                writes.Add(slot.Write(context.Stamp, cancellationToken));
                slot = NextSlot();
            }
        }
    }

    private StagingSlot NextSlot()
    {
        var slot = _slots[_slot++ % _slots.Length];
        slot.BeginAsync().GetAwaiter().GetResult();
        return slot;
    }

    private void Cancel(IChunkReader connection) => _ = Task.Run(async () =>
    {
        if (await connection.CancelAsync() is { } why)
        {
            context.Progress.Note($"The source could not be told to stop reading: {why}");
        }
    });

    private async Task<ChunkFiles> FinishAsync(ReadChunk chunk, long rows, long bytes, long started, List<Task<IReadOnlyList<ContentFile>>> writes)
    {
        var files = await Task.WhenAll(writes);
        return new ChunkFiles(chunk, rows, bytes, context.Clock.GetElapsedTime(started).TotalSeconds, [.. files.SelectMany(f => f)]);
    }
}
