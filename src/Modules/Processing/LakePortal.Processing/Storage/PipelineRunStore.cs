using System.Globalization;
using System.Text.Json.Nodes;
using LakePortal.Kernel.Live;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Processing.Storage;

/// <summary>Runs of pipelines and their tasks.</summary>
internal sealed class PipelineRunStore(IDbContextFactory<ProcessingDbContext> databases, IChangeFeed feed)
{
    public async Task AddAsync(PipelineRunRow run, IReadOnlyList<TaskRunRow> tasks, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        database.Add(run);
        database.AddRange(tasks);
        await database.SaveChangesAsync(cancellationToken);
    }

    public async Task<PipelineRunRow?> FindAsync(string runId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.RunId == runId, cancellationToken);
    }

    /// <summary>The newest run of a pipeline; ids are ordered by time.</summary>
    public async Task<PipelineRunRow?> LatestAsync(string pipeline, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var id = await database.Runs.Where(r => r.Pipeline == pipeline).MaxAsync(r => (string?)r.RunId, cancellationToken);
        return id is null ? null : await database.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.RunId == id, cancellationToken);
    }

    public async Task<IReadOnlyList<PipelineRunRow>> OpenAsync(string node, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Runs.AsNoTracking().Where(r => r.Node == node && !r.IsFinished).OrderBy(r => r.RunId).ToListAsync(cancellationToken);
    }

    public async Task<int> ChainLengthAsync(string rootRunId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Runs.CountAsync(r => r.RootRunId == rootRunId, cancellationToken);
    }

    public async Task<IReadOnlyDictionary<string, PipelineRunRow>> FindManyAsync(IReadOnlyCollection<string> runIds, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Runs.AsNoTracking().Where(r => runIds.Contains(r.RunId)).ToListAsync(cancellationToken);
        return rows.ToDictionary(r => r.RunId, StringComparer.Ordinal);
    }

    /// <summary>In topological order.</summary>
    public async Task<IReadOnlyList<TaskRunRow>> TasksAsync(string runId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Tasks.AsNoTracking().Where(t => t.RunId == runId).OrderBy(t => t.Ordinal).ToListAsync(cancellationToken);
    }

    public async Task<ILookup<string, TaskRunRow>> TasksOfManyAsync(IReadOnlyCollection<string> runIds, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Tasks.AsNoTracking().Where(t => runIds.Contains(t.RunId)).OrderBy(t => t.Ordinal).ToListAsync(cancellationToken);
        return rows.ToLookup(t => t.RunId, StringComparer.Ordinal);
    }

    /// <summary>Changes one task's row. A row has one writer, the run that it belongs to. Not cancellable: what happened gets written down.</summary>
    public async Task<TaskRunRow> UpdateTaskAsync(string runId, string task, Action<TaskRunRow> change)
    {
        await using var database = await databases.CreateDbContextAsync(CancellationToken.None);
        var row = await database.Tasks.SingleAsync(t => t.RunId == runId && t.Task == task, CancellationToken.None);
        change(row);
        await database.SaveChangesAsync(CancellationToken.None);
        feed.Publish($"run/{runId}");
        return row;
    }

    public async Task CloseAsync(string runId, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.Runs.Where(r => r.RunId == runId).ExecuteUpdateAsync(u => u.SetProperty(r => r.IsFinished, true), cancellationToken);
        feed.Publish("pipelines");
    }

    /// <summary>Forgets all but the newest finished runs of a pipeline.</summary>
    public async Task TrimAsync(string pipeline, int keep, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);

        var old = await database.Runs.Where(r => r.Pipeline == pipeline && r.IsFinished)
            .OrderByDescending(r => r.RunId).Skip(keep).Select(r => r.RunId).ToListAsync(cancellationToken);
        await database.Tasks.Where(t => old.Contains(t.RunId)).ExecuteDeleteAsync(cancellationToken);
        await database.Runs.Where(r => old.Contains(r.RunId)).ExecuteDeleteAsync(cancellationToken);
    }

    public static string WriteSnapshots(IReadOnlyDictionary<string, long?> snapshots) =>
        new JsonObject(snapshots.OrderBy(s => s.Key, StringComparer.Ordinal)
            .Select(s => KeyValuePair.Create(s.Key, s.Value is { } id ? (JsonNode?)id.ToString(CultureInfo.InvariantCulture) : null))).ToJsonString();

    public static IReadOnlyDictionary<string, long?> ReadSnapshots(string json) =>
        JsonNode.Parse(json)!.AsObject().ToDictionary(
            s => s.Key, s => s.Value is null ? (long?)null : long.Parse((string)s.Value!, CultureInfo.InvariantCulture), StringComparer.Ordinal);
}
