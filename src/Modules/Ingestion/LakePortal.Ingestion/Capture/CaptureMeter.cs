using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Slots;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture;

/// <summary>What the reading of a source's log amounts to at the moment.</summary>
/// <param name="SourcePosition">Where the source's log was when it was last asked.</param>
/// <param name="LagSeconds">How far the newest change in the lake is behind the clock, or 0 when nothing is waiting.</param>
internal sealed record CaptureReading(
    LogPosition? SourcePosition, LogPosition? Captured, DateTimeOffset? ObservedAt, long? RetainedBytes, long? SafeBytes, string? SlotStatus, double ChangesPerSecond, long Changes, double? LagSeconds);

/// <summary>Measures a capture, and decides how long changes are collected before they are committed: fresh when that is cheap, in larger files when it is not.</summary>
internal sealed class CaptureMeter(CaptureOptions options, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private CaptureReading _reading = new(null, null, null, null, null, null, 0, 0, null);
    private double _interval = options.ShortestCommitInterval.TotalSeconds;
    private long _ratedAt = clock.GetTimestamp();
    private long _ratedChanges;

    public TimeSpan CommitInterval
    {
        get
        {
            lock (_lock)
            {
                return TimeSpan.FromSeconds(_interval);
            }
        }
    }

    public CaptureReading Reading
    {
        get
        {
            lock (_lock)
            {
                return _reading;
            }
        }
    }

    public void Landed(ChangeBatch batch, TimeSpan took, DateTimeOffset now)
    {
        lock (_lock)
        {
            // A commit may cost up to half of the time: what takes longer is done less often.
            var wanted = Math.Clamp(took.TotalSeconds, options.ShortestCommitInterval.TotalSeconds, options.LongestCommitInterval.TotalSeconds);
            _interval = batch.Rows == 0 ? _interval : (_interval * 0.7) + (wanted * 0.3);
            _reading = _reading with { Captured = batch.End, Changes = _reading.Changes + batch.Rows, LagSeconds = batch.Newest is { } newest ? Math.Max(0, (now - newest).TotalSeconds) : _reading.LagSeconds };
            Rate();
        }
    }

    public void Observed(LogPosition position, SlotFacts? slot, LogPosition safe)
    {
        lock (_lock)
        {
            _reading = _reading with
            {
                SourcePosition = position, Captured = safe, ObservedAt = clock.GetUtcNow(), RetainedBytes = slot?.RetainedBytes, SafeBytes = slot?.SafeBytes, SlotStatus = slot?.Status,
            };
            Rate();
        }
    }

    private void Rate()
    {
        var seconds = clock.GetElapsedTime(_ratedAt).TotalSeconds;
        if (seconds >= 2)
        {
            _reading = _reading with { ChangesPerSecond = (_reading.Changes - _ratedChanges) / seconds };
            (_ratedAt, _ratedChanges) = (clock.GetTimestamp(), _reading.Changes);
        }
    }
}
