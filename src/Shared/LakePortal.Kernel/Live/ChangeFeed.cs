using System.Collections.Concurrent;
using System.Threading.Channels;
using LakePortal.Kernel.Telemetry;
using Microsoft.Extensions.Logging;

namespace LakePortal.Kernel.Live;

internal sealed class ChangeFeed(ILogger<ChangeFeed> logger) : IChangeFeed
{
    private readonly ILogger _logger = logger;
    private readonly ConcurrentDictionary<Subscription, byte> _subscriptions = new();

    public void Publish(string topic)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        foreach (var subscription in _subscriptions.Keys)
        {
            subscription.Announce(topic);
        }
    }

    public IDisposable Subscribe(IReadOnlyCollection<string> topics, Func<Task> changed)
    {
        ArgumentNullException.ThrowIfNull(topics);
        ArgumentNullException.ThrowIfNull(changed);
        var subscription = new Subscription(this, topics.ToHashSet(StringComparer.Ordinal), changed);
        _subscriptions[subscription] = 0;
        return subscription;
    }

    /// <summary>One slot that drops what is already announced: any number of changes during a call cause exactly one more call.</summary>
    private sealed class Subscription : IDisposable
    {
        private readonly ChangeFeed _feed;
        private readonly HashSet<string> _topics;
        private readonly Func<Task> _changed;
        private readonly Channel<bool> _pending = Channel.CreateBounded<bool>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

        public Subscription(ChangeFeed feed, HashSet<string> topics, Func<Task> changed)
        {
            (_feed, _topics, _changed) = (feed, topics, changed);
            // Not in the publisher's context: a subscriber must not run as the caller who changed something.
            using (ExecutionContext.SuppressFlow())
            {
                _ = Task.Run(RunAsync);
            }
        }

        public void Announce(string topic)
        {
            if (_topics.Contains(topic))
            {
                _pending.Writer.TryWrite(true);
            }
        }

        public void Dispose()
        {
            _feed._subscriptions.TryRemove(this, out _);
            _pending.Writer.TryComplete();
        }

        private async Task RunAsync()
        {
            await foreach (var _ in _pending.Reader.ReadAllAsync())
            {
                if (!_feed._subscriptions.ContainsKey(this))
                {
                    return;
                }

                try
                {
                    await _changed();
                }
                catch (Exception error)
                {
                    KernelLog.SubscriberFailed(_feed._logger, error, string.Join(", ", _topics));
                }
            }
        }
    }
}
