using System.Collections.Concurrent;

namespace LakePortal.Ingestion.Syncs;

/// <summary>Whoever writes a sync's two tables has them to himself: a load and a repair do not overtake each other.</summary>
internal sealed class SyncTurns
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);

    public async Task<IDisposable> EnterAsync(string sync, CancellationToken cancellationToken)
    {
        var turn = _turns.GetOrAdd(sync, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        return new Turn(turn);
    }

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        private SemaphoreSlim? _turn = turn;

        public void Dispose() => Interlocked.Exchange(ref _turn, null)?.Release();
    }
}
