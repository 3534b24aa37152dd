namespace LakePortal.Engine.Writing;

/// <summary>A token that is cancelled with the caller's or at a moment in time.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenSource? _timer;

    public Deadline(DateTimeOffset? at, TimeProvider time, CancellationToken cancellationToken)
    {
        if (at is { } moment)
        {
            Length = moment - time.GetUtcNow();
            Length = Length > TimeSpan.Zero ? Length : TimeSpan.Zero;
            _timer = new CancellationTokenSource(Length, time);
        }

        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _timer?.Token ?? CancellationToken.None);
    }

    public CancellationToken Token => _source.Token;

    public TimeSpan Length { get; }

    public bool Passed => _timer?.IsCancellationRequested == true;

    public void Dispose()
    {
        _source.Dispose();
        _timer?.Dispose();
    }
}
