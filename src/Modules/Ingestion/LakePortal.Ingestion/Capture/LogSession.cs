using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Capture;

/// <summary>
/// One session with a source's log. One thread reads; it alone waits, delivers and asks for shapes. Another acknowledges, beats and judges; both share what looks
/// things up in the source.
/// </summary>
internal abstract class LogSession : IAsyncDisposable
{
    /// <summary>Checks the server, finds out how far each table is and whether a part of the log is missing.</summary>
    /// <returns>Where reading begins, and what it is called.</returns>
    public abstract Task<(LogPosition From, string Name)> PrepareAsync(CancellationToken cancellationToken);

    public abstract Task StartAsync(LogPosition from, CancellationToken cancellationToken);

    /// <summary>Waits for what is next. A message is handed to the receiver, which belongs to whoever holds the gate.</summary>
    /// <param name="end">Keepalive: the position to which all was sent.</param>
    public abstract LogData Read(Lock gate, ILogReceiver receiver, out LogPosition end);

    /// <summary>Everything before the position is in the lake.</summary>
    public abstract void Acknowledge(LogPosition safe);

    /// <summary>Keeps the log moving where nobody writes, and measures it.</summary>
    public abstract Task BeatAsync(LogPosition safe, CancellationToken cancellationToken);

    /// <summary>Something was seen that can be judged at the position.</summary>
    public abstract bool WaitsFor(LogPosition end);

    /// <summary>Judges what was seen of the source besides its log.</summary>
    public abstract Task JudgeAsync(LogPosition landed, CancellationToken cancellationToken);

    /// <summary>How the rows of a relation become the lake's. Called by the reading thread, rarely.</summary>
    /// <exception cref="CaptureHeldException">They cannot be followed as they are.</exception>
    public abstract TableShape ReadShape(CapturedTable table, Relation relation);

    /// <summary>Ends a read that waits.</summary>
    public abstract ValueTask EndReadAsync();

    public abstract ValueTask DisposeAsync();
}
