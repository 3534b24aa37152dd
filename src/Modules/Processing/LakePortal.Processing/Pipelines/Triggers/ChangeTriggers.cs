using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Live;
using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Pipelines.Runs;
using LakePortal.Processing.Storage;
using MediatR;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LakePortal.Processing.Pipelines.Triggers;

/// <summary>
/// Starts pipelines when tables they wait for have changed. The announcement only wakes: what counts is whether the tables' snapshots
/// differ from those that the last such run was started for, which is kept in the control database. So a change is neither
/// lost over a restart nor answered twice, and a burst of commits is answered once.
/// </summary>
internal sealed partial class ChangeTriggers : IDisposable
{
    private readonly PipelineStore _pipelines;
    private readonly PipelineReader _reader;
    private readonly PipelineLauncher _launcher;
    private readonly ITableCatalog _catalog;
    private readonly TimeProvider _time;
    private readonly ProcessingOptions _options;
    private readonly ILogger<ChangeTriggers> _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IReadOnlyList<TableIdentifier>> _watched = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Pending> _pending = new(StringComparer.Ordinal);

    private readonly SemaphoreSlim _one = new(1);
    private bool _disposed;

    public ChangeTriggers(
        PipelineStore pipelines, PipelineReader reader, PipelineLauncher launcher, ITableCatalog catalog,
        TimeProvider time, IOptions<ProcessingOptions> options, ILogger<ChangeTriggers> logger)
    {
        (_pipelines, _reader, _launcher, _catalog, _time, _options, _logger) = (pipelines, reader, launcher, catalog, time, options.Value, logger);
    }

    private sealed record Pending(ITimer Timer, DateTimeOffset Since);

    /// <summary>Takes the pipeline's present <c>when_changed</c>. A new pipeline waits for the next change; it does not run for what is there already.</summary>
    public async Task WatchAsync(PipelineDefinition definition, bool isNew, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _watched.Remove(definition.Name);
            if (definition.WhenChanged.Count > 0)
            {
                _watched[definition.Name] = definition.WhenChanged;
            }
        }

        if (isNew && definition.WhenChanged.Count > 0)
        {
            await _pipelines.SetSeenAsync(definition.Name, await SnapshotsAsync(definition.WhenChanged, cancellationToken), cancellationToken);
        }
    }

    public void Forget(string pipeline)
    {
        lock (_lock)
        {
            _watched.Remove(pipeline);
            if (_pending.Remove(pipeline, out var pending))
            {
                pending.Timer.Dispose();
            }
        }
    }

    /// <summary>A table has a new snapshot.</summary>
    public void Changed(string table)
    {
        lock (_lock)
        {
            foreach (var pipeline in _watched.Where(w => w.Value.Any(t => t.ToString() == table)).Select(w => w.Key))
            {
                Arm(pipeline);
            }
        }
    }

    /// <summary>Looks for changes that nobody announced: made while the process was down or the pipeline paused.</summary>
    public void CheckAll()
    {
        lock (_lock)
        {
            foreach (var pipeline in _watched.Keys)
            {
                Arm(pipeline);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var pending in _pending.Values)
            {
                pending.Timer.Dispose();
            }

            _pending.Clear();
        }

        _one.Dispose();
    }

    private void Arm(string pipeline)
    {
        if (_disposed)
        {
            return;
        }

        var now = _time.GetUtcNow();
        if (_pending.TryGetValue(pipeline, out var pending))
        {
            var left = pending.Since + _options.ChangeDebounceLimit - now;
            var delay = left < _options.ChangeDebounce ? left : _options.ChangeDebounce;
            pending.Timer.Change(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _pending[pipeline] = new Pending(
                _time.CreateTimer(_ => _ = FireAsync(pipeline), null, _options.ChangeDebounce, Timeout.InfiniteTimeSpan), now);
        }
    }

    private async Task FireAsync(string pipeline)
    {
        lock (_lock)
        {
            if (_disposed || !_pending.Remove(pipeline, out var pending))
            {
                return;
            }

            pending.Timer.Dispose();
        }

        try
        {
            await LaunchAsync(pipeline, CancellationToken.None);
        }
        catch (Exception exception)
        {
            // Nothing is lost: the snapshots still differ from those that were seen, so the next change or start tries again.
            LogNotStarted(_logger, pipeline, exception);
        }
    }

    private async Task LaunchAsync(string pipeline, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (await _pipelines.FindAsync(pipeline, cancellationToken) is not { IsPaused: false } row)
            {
                return;
            }

            var definition = _reader.Read(row);
            var current = await SnapshotsAsync(definition.WhenChanged, cancellationToken);
            var changed = Differences(current, PipelineRunStore.ReadSnapshots(row.Seen));
            if (changed.Count == 0)
            {
                return;
            }

            LogChanged(_logger, pipeline, string.Join(", ", changed));
            await _launcher.LaunchAsync(
                new LaunchRequest(pipeline, new Dictionary<string, string>(), null, null, "data", Caller.System.User, _time.GetUtcNow()), cancellationToken);

            // After the run exists: a crash in between starts it once more rather than never. From here on the run itself survives.
            await _pipelines.SetSeenAsync(pipeline, current, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<IReadOnlyDictionary<string, long?>> SnapshotsAsync(IReadOnlyList<TableIdentifier> tables, CancellationToken cancellationToken)
    {
        var snapshots = new Dictionary<string, long?>(StringComparer.Ordinal);
        foreach (var table in tables)
        {
            snapshots[table.ToString()] = (await _catalog.FindAsync(table, cancellationToken))?.Metadata.CurrentSnapshotId;
        }

        return snapshots;
    }

    private static List<string> Differences(IReadOnlyDictionary<string, long?> current, IReadOnlyDictionary<string, long?> seen) =>
        [.. current.Where(c => c.Value is not null && seen.GetValueOrDefault(c.Key) != c.Value).Select(c => c.Key)];

    [LoggerMessage(3105, LogLevel.Information, "Pipeline {Pipeline} starts because {Tables} changed")]
    private static partial void LogChanged(ILogger logger, string pipeline, string tables);

    [LoggerMessage(3106, LogLevel.Error, "Pipeline {Pipeline} could not be started after a change of its tables; the next change tries again")]
    private static partial void LogNotStarted(ILogger logger, string pipeline, Exception exception);
}

internal sealed class WakeOnTableChange(ChangeTriggers triggers) : INotificationHandler<TableChanged>
{
    public Task Handle(TableChanged notification, CancellationToken cancellationToken)
    {
        triggers.Changed(notification.Table);
        return Task.CompletedTask;
    }
}
