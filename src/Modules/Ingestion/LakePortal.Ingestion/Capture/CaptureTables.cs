using System.Collections.Concurrent;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture;

/// <summary>The captured tables of one source, and who waits for them to reach a position. Lives as long as the process; sessions come and go.</summary>
internal sealed class CaptureTables(string source, string slot, string publication, Action<CapturedTable> load)
{
    private readonly ConcurrentDictionary<string, CapturedTable> _tables = new(StringComparer.Ordinal);
    private readonly Lock _barrierLock = new();
    private readonly List<Barrier> _barriers = [];

    private string? _restart;

    public string Source { get; } = source;

    /// <summary>Has the session end, and another begin.</summary>
    public void RequestRestart(string why) => Volatile.Write(ref _restart, why);

    /// <summary>Why a restart was asked for; once.</summary>
    public string? TakeRestart() => Interlocked.Exchange(ref _restart, null);

    public string Slot { get; } = slot;

    public string Publication { get; } = publication;

    public IReadOnlyCollection<CapturedTable> All => [.. _tables.Values];

    /// <summary>Somebody waits for a position: an idle log is made to move at once.</summary>
    public bool HasBarrier
    {
        get
        {
            lock (_barrierLock)
            {
                return _barriers.Count > 0;
            }
        }
    }

    public CapturedTable? Get(string sync) => _tables.GetValueOrDefault(sync);

    public void Add(CapturedTable table) => _tables[table.Name] = table;

    public bool Remove(string sync) => _tables.TryRemove(sync, out _);

    public CapturedTable? Find(string schema, string name) => _tables.Values.FirstOrDefault(t => t.Sync.Schema == schema && t.Sync.Table == name);

    /// <summary>Starts the loads of tables that wait for theirs, and goes on with those that a stopped process left.</summary>
    public void RequestLoads()
    {
        foreach (var table in _tables.Values.Where(t => t.NeedsToLoad))
        {
            load(table);
        }
    }

    /// <summary>Ends when everything before the position is in the lake.</summary>
    public Task WhenReached(LogPosition position, CancellationToken cancellationToken)
    {
        var barrier = new Barrier(position, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_barrierLock)
        {
            _barriers.Add(barrier);
        }

        return WaitAsync(barrier, cancellationToken);
    }

    /// <summary>Somebody waits for a position that the batch reaches.</summary>
    public bool BarrierBefore(LogPosition end)
    {
        lock (_barrierLock)
        {
            return _barriers.Any(b => b.Position <= end);
        }
    }

    public void Landed(LogPosition end)
    {
        lock (_barrierLock)
        {
            foreach (var barrier in _barriers.Where(b => b.Position <= end))
            {
                _ = barrier.Reached.TrySetResult();
            }
        }
    }

    private async Task WaitAsync(Barrier barrier, CancellationToken cancellationToken)
    {
        try
        {
            await barrier.Reached.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_barrierLock)
            {
                _ = _barriers.Remove(barrier);
            }
        }
    }

    private sealed record Barrier(LogPosition Position, TaskCompletionSource Reached);
}
