using System.Collections.Concurrent;

namespace LakePortal.Iceberg.Commits;

/// <summary>
/// Lets the commits of this process to one table queue instead of racing each other. Correctness does not rest on it: other processes
/// meet in the catalog's compare-and-swap.
/// </summary>
internal sealed class CommitLocks
{
    private readonly ConcurrentDictionary<TableIdentifier, SemaphoreSlim> _locks = new();

    public async Task<IDisposable> AcquireAsync(TableIdentifier identifier, CancellationToken cancellationToken)
    {
        var semaphore = _locks.GetOrAdd(identifier, _ => new SemaphoreSlim(1, 1));
        await semaphore.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Held(semaphore);
    }

    private sealed class Held(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
