using System.Collections.Concurrent;
using LakePortal.Ingestion.Capture.Landing;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>Breaks off at chosen steps, each once; or, after the first, at all of them, as a process does that has died.</summary>
internal sealed class Faults : ICaptureSteps
{
    private readonly ConcurrentDictionary<(CaptureStep Step, string? Sync), bool> _armed = new();
    private volatile bool _dead;

    /// <summary>After the first fault nothing gets through any more.</summary>
    public bool Dies { get; set; }

    public bool IsDead => _dead;

    public IReadOnlyCollection<(CaptureStep Step, string? Sync)> Left => [.. _armed.Keys];

    public void Arm(CaptureStep step, params string?[] syncs)
    {
        foreach (var sync in syncs)
        {
            _armed[(step, sync)] = true;
        }
    }

    public void Disarm() => _armed.Clear();

    public Task ReachedAsync(CaptureStep step, string? sync, CancellationToken cancellationToken)
    {
        if (_dead || _armed.TryRemove((step, sync), out _))
        {
            _dead = Dies;
            throw new FaultException(step, sync);
        }

        return Task.CompletedTask;
    }
}

internal sealed class FaultException(CaptureStep step, string? sync) : Exception($"A fault at {step} of {sync ?? "the source"}.");
