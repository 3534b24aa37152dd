using LakePortal.Kernel.Live;

namespace LakePortal.Portal.Tests.Support;

/// <summary>Announces at once, and knows who listens.</summary>
internal sealed class FakeFeed : IChangeFeed
{
    private readonly List<(IReadOnlyCollection<string> Topics, Func<Task> Changed)> _subscriptions = [];

    public int Subscriptions => _subscriptions.Count;

    public IReadOnlyCollection<string> Topics => [.. _subscriptions.SelectMany(s => s.Topics)];

    public void Publish(string topic)
    {
        foreach (var (topics, changed) in _subscriptions.ToList())
        {
            if (topics.Contains(topic))
            {
                _ = changed();
            }
        }
    }

    public IDisposable Subscribe(IReadOnlyCollection<string> topics, Func<Task> changed)
    {
        var subscription = (topics, changed);
        _subscriptions.Add(subscription);
        return new Subscription(() => _subscriptions.Remove(subscription));
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
