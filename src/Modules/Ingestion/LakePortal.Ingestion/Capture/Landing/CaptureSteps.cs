namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>The steps between which a process may die. What is durable after each is said in <see cref="ChangeLander"/>.</summary>
internal enum CaptureStep
{
    BeforeRaw,
    RawWritten,
    RawCommitted,
    RefinedPrepared,
    RefinedCommitted,
    BeforePosition,
    PositionSaved,
    Acknowledged,

    /// <summary>Columns have their new names in raw, not yet in refined.</summary>
    RawRenamed,

    /// <summary>A load's rows are in raw.</summary>
    LoadCommitted,

    /// <summary>Refined was computed from them.</summary>
    LoadRefined,
}

/// <summary>Is told of each step, so that tests can break off at any of them.</summary>
internal interface ICaptureSteps
{
    /// <param name="sync">Null for steps of the source as a whole.</param>
    Task ReachedAsync(CaptureStep step, string? sync, CancellationToken cancellationToken);
}

internal sealed class NoCaptureSteps : ICaptureSteps
{
    public Task ReachedAsync(CaptureStep step, string? sync, CancellationToken cancellationToken) => Task.CompletedTask;
}
