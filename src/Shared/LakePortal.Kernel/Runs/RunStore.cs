using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Runs.Persistence;
using LakePortal.Kernel.Telemetry;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace LakePortal.Kernel.Runs;

internal sealed class RunStore(
    IDbContextFactory<RunsDbContext> databases, RunBuffer buffer, IChangeFeed feed, NodeIdentity node, TimeProvider clock, ILogger<RunStore> logger)
    : IRunStore
{
    private static readonly RunError Interrupted = new(
        "run.interrupted", "The process stopped while the run was going on.", "Start it again; what was committed is kept and not repeated.");

    public async Task<RunInfo> CreateAsync(
        string kind, string name, string trigger, string startedBy, string? parentId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var row = new RunRow
        {
            Id = Guid.CreateVersion7(now).ToString("n"),
            Kind = kind,
            Name = name,
            State = RunState.Queued,
            Trigger = trigger,
            StartedBy = startedBy,
            ParentId = parentId,
            Node = node.Id,
            QueuedAt = now,
        };
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        database.Runs.Add(row);
        await database.SaveChangesAsync(cancellationToken);
        Announce(row.Id);
        return ToInfo(row);
    }

    public async Task StartAsync(string runId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var changed = await database.Runs
            .Where(r => r.Id == runId && r.State == RunState.Queued)
            .ExecuteUpdateAsync(s => s.SetProperty(r => r.State, RunState.Running).SetProperty(r => r.StartedAt, now), cancellationToken);
        if (changed == 0)
        {
            var state = await database.Runs.Where(r => r.Id == runId).Select(r => (RunState?)r.State).FirstOrDefaultAsync(cancellationToken)
                ?? throw new ObjectNotFoundException("run", runId);
            throw new ConflictException($"Run {runId} cannot start: it is {state}.", null);
        }

        Announce(runId);
    }

    public void Report(string runId, RunProgress progress) => buffer.Report(runId, progress);

    public async Task FinishAsync(string runId, RunState state, RunError? error, JsonObject? result, CancellationToken cancellationToken)
    {
        if (state is RunState.Queued or RunState.Running)
        {
            throw new ArgumentOutOfRangeException(nameof(state), state, "A run finishes as succeeded, failed or cancelled.");
        }

        await buffer.FlushAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var errorText = error is null ? null : JsonSerializer.Serialize(error);
        var resultText = result?.ToJsonString();
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var changed = await database.Runs
            .Where(r => r.Id == runId && (r.State == RunState.Queued || r.State == RunState.Running))
            .ExecuteUpdateAsync(
                s => s.SetProperty(r => r.State, state).SetProperty(r => r.FinishedAt, now)
                    .SetProperty(r => r.Error, errorText).SetProperty(r => r.Result, resultText),
                cancellationToken);
        buffer.Forget(runId);
        if (changed == 0 && !await database.Runs.AnyAsync(r => r.Id == runId, cancellationToken))
        {
            throw new ObjectNotFoundException("run", runId);
        }

        Announce(runId);
    }

    public async Task<RunInfo?> FindAsync(string runId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Runs.AsNoTracking().FirstOrDefaultAsync(r => r.Id == runId, cancellationToken);
        return row is null ? null : ToInfo(row);
    }

    public async Task<IReadOnlyList<RunInfo>> ListAsync(RunFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var query = database.Runs.AsNoTracking();
        if (filter.Kind is { } kind)
        {
            query = query.Where(r => r.Kind == kind);
        }

        if (filter.Name is { } name)
        {
            query = query.Where(r => r.Name == name);
        }

        if (filter.State is { } state)
        {
            query = query.Where(r => r.State == state);
        }

        if (filter.Since is { } since)
        {
            query = query.Where(r => r.QueuedAt >= since);
        }

        if (filter.Before is { } before)
        {
#pragma warning disable CA1309 // Becomes SQL's '<'; ids are hex digits of one length, which every collation orders alike.
            query = query.Where(r => string.Compare(r.Id, before) < 0);
#pragma warning restore CA1309
        }

        var rows = await query.OrderByDescending(r => r.Id).Take(Math.Clamp(filter.Limit, 1, 1000)).ToListAsync(cancellationToken);
        return [.. rows.Select(ToInfo)];
    }

    public void Log(string runId, RunLogLevel level, string? task, string message) => buffer.Log(runId, level, task, message);

    public async Task<IReadOnlyList<RunLogLine>> ReadLogAsync(string runId, long afterSequence, int limit, CancellationToken cancellationToken)
    {
        await buffer.FlushAsync(cancellationToken);
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.LogLines.AsNoTracking()
            .Where(l => l.RunId == runId && l.Sequence > afterSequence)
            .OrderBy(l => l.Sequence)
            .Take(Math.Clamp(limit, 1, 10_000))
            .Select(l => new RunLogLine(l.Sequence, l.At, l.Level, l.Task, l.Message))
            .ToListAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<RunInfo>> CloseInterruptedAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Runs
            .Where(r => r.Node == node.Id && (r.State == RunState.Queued || r.State == RunState.Running))
            .OrderBy(r => r.Id)
            .ToListAsync(cancellationToken);
        foreach (var row in rows)
        {
            row.State = RunState.Failed;
            row.FinishedAt = clock.GetUtcNow();
            row.Error = JsonSerializer.Serialize(Interrupted);
            KernelLog.RunInterrupted(logger, row.Id, row.Kind, row.Name);
        }

        await database.SaveChangesAsync(cancellationToken);
        foreach (var row in rows)
        {
            Announce(row.Id);
        }

        return [.. rows.Select(ToInfo)];
    }

    private void Announce(string runId)
    {
        feed.Publish("runs");
        feed.Publish($"run/{runId}");
    }

    private RunInfo ToInfo(RunRow row) => new(
        row.Id, row.Kind, row.Name, row.State, row.Trigger, row.StartedBy, row.ParentId, row.QueuedAt, row.StartedAt, row.FinishedAt,
        buffer.LatestProgress(row.Id) ?? Read<RunProgress>(row.Progress),
        Read<RunError>(row.Error),
        row.Result is null ? null : JsonNode.Parse(row.Result)!.AsObject());

    private static T? Read<T>(string? json) where T : class => json is null ? null : JsonSerializer.Deserialize<T>(json);
}
