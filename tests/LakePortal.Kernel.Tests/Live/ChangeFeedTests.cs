using LakePortal.Kernel.Live;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Kernel.Tests.Live;

public sealed class ChangeFeedTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private TestLake _lake = null!;

    private IChangeFeed Feed => _lake.Services.GetRequiredService<IChangeFeed>();

    public async Task InitializeAsync() => _lake = await TestLake.StartAsync([]);

    public async Task DisposeAsync() => await _lake.DisposeAsync();

    [Fact]
    public async Task Changes_during_a_call_cause_exactly_one_more_call_and_never_two_at_once()
    {
        var calls = 0;
        var inside = 0;
        var gate = new TaskCompletionSource();
        var first = new TaskCompletionSource();
        var second = new TaskCompletionSource();
        using var subscription = Feed.Subscribe(["runs"], async () =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            if (Interlocked.Increment(ref calls) == 1)
            {
                first.SetResult();
                await gate.Task;
            }
            else
            {
                second.TrySetResult();
            }

            Interlocked.Decrement(ref inside);
        });
        Feed.Publish("runs");
        await first.Task.WaitAsync(Patience);
        for (var i = 0; i < 1000; i++)
        {
            Feed.Publish("runs");
        }

        gate.SetResult();
        await second.Task.WaitAsync(Patience);
        Assert.Equal(2, Volatile.Read(ref calls));
    }

    [Fact]
    public async Task Other_topics_do_not_call_and_a_failing_subscriber_stays_subscribed()
    {
        var calls = 0;
        var twice = new TaskCompletionSource();
        var once = new TaskCompletionSource();
        using var subscription = Feed.Subscribe(["sync/a"], () =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                once.SetResult();
                throw new InvalidOperationException("page broke");
            }

            twice.SetResult();
            return Task.CompletedTask;
        });
        Feed.Publish("sync/b");
        Feed.Publish("sync/a");
        await once.Task.WaitAsync(Patience);
        Feed.Publish("sync/a");
        await twice.Task.WaitAsync(Patience);
        Assert.Equal(2, calls);
    }
}
