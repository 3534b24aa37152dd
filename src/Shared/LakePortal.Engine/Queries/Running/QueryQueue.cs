namespace LakePortal.Engine.Queries.Running;

/// <summary>Lets a limited number of queries run. Those that wait are taken by turns between users, so that nobody's hundred queries hold up another's one.</summary>
internal sealed class QueryQueue(int running, int waiting)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue<TaskCompletionSource>> _waiting = new(StringComparer.Ordinal);
    private readonly Queue<string> _turns = new();
    private int _free = running;
    private int _count;

    /// <summary>Waits for a place; dispose the result to give it back.</summary>
    /// <exception cref="EngineBusyException">Too many wait already.</exception>
    public async Task<IDisposable> EnterAsync(string user, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource turn;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return new Place(this);
            }

            if (_count >= waiting)
            {
                throw new EngineBusyException(_count);
            }

            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_waiting.TryGetValue(user, out var queue))
            {
                _waiting[user] = queue = new Queue<TaskCompletionSource>();
                _turns.Enqueue(user);
            }

            queue.Enqueue(turn);
            _count++;
        }

        await using var registration = cancellationToken.Register(() => turn.TrySetCanceled(cancellationToken)).ConfigureAwait(false);
        await turn.Task.ConfigureAwait(false);
        return new Place(this);
    }

    private void Leave()
    {
        lock (_lock)
        {
            while (_turns.TryDequeue(out var user))
            {
                var queue = _waiting[user];
                var turn = queue.Dequeue();
                _count--;
                if (queue.Count > 0)
                {
                    _turns.Enqueue(user);
                }
                else
                {
                    _waiting.Remove(user);
                }

                // A cancelled one gives its turn to the next.
                if (turn.TrySetResult())
                {
                    return;
                }
            }

            _free++;
        }
    }

    private sealed class Place(QueryQueue queue) : IDisposable
    {
        private QueryQueue? _queue = queue;

        public void Dispose() => Interlocked.Exchange(ref _queue, null)?.Leave();
    }
}
