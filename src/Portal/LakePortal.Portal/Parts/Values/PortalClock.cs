namespace LakePortal.Portal.Parts.Values;

/// <summary>Ticks every 15 seconds while somebody listens, so that "2 min ago" does not go stale on a page where nothing happens.</summary>
public sealed class PortalClock(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);
    private readonly Lock _gate = new();
    private readonly List<Action> _listeners = [];
    private ITimer? _timer;

    public DateTimeOffset Now => time.GetUtcNow();

    public IDisposable Subscribe(Action tick)
    {
        lock (_gate)
        {
            _listeners.Add(tick);
            _timer ??= time.CreateTimer(_ => Tick(), null, Period, Period);
        }

        return new Subscription(this, tick);
    }

    public void Dispose() => _timer?.Dispose();

    private void Tick()
    {
        Action[] listeners;
        lock (_gate)
        {
            listeners = [.. _listeners];
        }

        foreach (var listener in listeners)
        {
            listener();
        }
    }

    private void Remove(Action tick)
    {
        lock (_gate)
        {
            _listeners.Remove(tick);
        }
    }

    private sealed class Subscription(PortalClock clock, Action tick) : IDisposable
    {
        public void Dispose() => clock.Remove(tick);
    }
}
