using LakePortal.Kernel.Runs;

namespace LakePortal.Ingestion.Offload;

/// <summary>Counts rows and bytes of all lanes and reports them a few times per second with the rate of the last seconds.</summary>
internal sealed class OffloadProgress(IRunStore runs, string runId, string table, TimeProvider clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Queue<(long At, long Rows)> _window = new();
    private string _phase = "starting";
    private long _rows;
    private long _bytes;
    private long? _total;
    private bool _isEstimate;
    private long _reported;

    public void Begin(string phase, long? totalRows, bool isEstimate)
    {
        lock (_lock)
        {
            (_phase, _total, _isEstimate) = (phase, totalRows, isEstimate);
        }

        Report(force: true);
    }

    /// <summary>Rows that an earlier attempt has read already.</summary>
    public void Restart(long rows, long bytes)
    {
        lock (_lock)
        {
            (_rows, _bytes) = (rows, bytes);
            _window.Clear();
        }

        Report(force: true);
    }

    public void Add(long rows, long bytes)
    {
        lock (_lock)
        {
            _rows += rows;
            _bytes += bytes;
        }

        Report(force: false);
    }

    public void Note(string message, RunLogLevel level = RunLogLevel.Information) => runs.Log(runId, level, table, message);

    private void Report(bool force)
    {
        RunProgress progress;
        lock (_lock)
        {
            var now = clock.GetTimestamp();
            if (!force && clock.GetElapsedTime(_reported, now) < Interval)
            {
                return;
            }

            _reported = now;
            _window.Enqueue((now, _rows));
            while (_window.Count > 2 && clock.GetElapsedTime(_window.Peek().At, now) > TimeSpan.FromSeconds(5))
            {
                _ = _window.Dequeue();
            }

            var (at, rows) = _window.Peek();
            var seconds = clock.GetElapsedTime(at, now).TotalSeconds;

            // Statistics may be old: an estimate that was passed is no total any more.
            var total = _isEstimate && _total < _rows ? null : _total;
            progress = new RunProgress(_phase, _rows, total, _isEstimate, _bytes, seconds > 0 ? (_rows - rows) / seconds : 0);
        }

        runs.Report(runId, progress);
    }
}
