using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Runs;
using LakePortal.Processing.Pipelines.Definition;
using LakePortal.Processing.Pipelines.Parameters;
using LakePortal.Processing.Storage;

namespace LakePortal.Processing.Pipelines.Runs;

/// <param name="FromTask">Re-run: this task and all after it.</param>
/// <param name="OfRun">Re-run: of this run; without <paramref name="FromTask"/> of everything in it that did not succeed.</param>
/// <param name="At">The moment that <c>today</c> and <c>now</c> mean; a re-run keeps that of its original.</param>
internal sealed record LaunchRequest(
    string Pipeline, IReadOnlyDictionary<string, string> Given, string? FromTask, string? OfRun, string Trigger, string StartedBy, DateTimeOffset At);

/// <summary>Turns a wish into a run: checks everything that can be checked before, writes the run down, puts it in line.</summary>
internal sealed class PipelineLauncher(
    PipelineStore pipelines, PipelineRunStore store, IRunStore runs, PipelineDispatcher dispatcher, PipelineReader reader, NodeIdentity node) : IDisposable
{
    // Whether a run is wanted depends on those in line; two wishes must not both find the line empty.
    private readonly SemaphoreSlim _one = new(1);

    /// <returns>The run; null when a scheduled run does not take place because an earlier one is still active.</returns>
    public async Task<string?> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken)
    {
        var row = await pipelines.FindAsync(request.Pipeline, cancellationToken)
            ?? throw new ObjectNotFoundException("pipeline", request.Pipeline, "List the pipelines with ./lake status pipeline.");
        var definition = reader.Read(row);
        var original = await FindOriginalAsync(request, cancellationToken);
        var kept = original is null ? [] : await KeepAsync(request, definition, original, cancellationToken);
        var given = Inherit(request.Given, definition, original);
        var at = original?.At ?? request.At;

        // Before the run exists: a bad parameter is an answer to the caller, not a failed run.
        Check(definition, BindParameters(definition, given, "0", at), kept);

        await _one.WaitAsync(cancellationToken);
        try
        {
            if (FindEquivalent(request, definition, given) is { } waiting)
            {
                return waiting.RunId;
            }

            if (request.Trigger == "schedule" && definition.Overlap == Overlap.Skip && dispatcher.IsActive(definition.Name))
            {
                return null;
            }

            return await CreateAsync(request, definition, row.Document, original, kept, given, at);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<string> CreateAsync(
        LaunchRequest request, PipelineDefinition definition, string document, PipelineRunRow? original,
        Dictionary<string, TaskRunRow> kept, IReadOnlyDictionary<string, string> given, DateTimeOffset at)
    {
        var run = await runs.CreateAsync("pipeline", definition.Name, request.Trigger, request.StartedBy, null, CancellationToken.None);
        try
        {
            var parameters = BindParameters(definition, given, run.Id, at);
            var root = original?.RootRunId ?? run.Id;
            await store.AddAsync(
                new PipelineRunRow
                {
                    RunId = run.Id,
                    Pipeline = definition.Name,
                    RootRunId = root,
                    RerunOf = original?.RunId,
                    FromTask = request.FromTask,
                    Parameters = JsonSerializer.Serialize(parameters.Declared),
                    Document = document,
                    Node = node.Id,
                    At = at,
                },
                [.. definition.Tasks.Select((task, ordinal) => NewTask(run.Id, task, ordinal, kept.GetValueOrDefault(task.Name)))],
                CancellationToken.None);
            dispatcher.Enqueue(new RunPlan(
                run.Id, root, definition, parameters, kept.Keys.ToHashSet(StringComparer.Ordinal), request.Trigger));
            return run.Id;
        }
        catch (Exception exception)
        {
            await runs.FinishAsync(run.Id, RunState.Failed, TaskRunner.Describe(exception), null, CancellationToken.None);
            throw;
        }
    }

    private async Task<PipelineRunRow?> FindOriginalAsync(LaunchRequest request, CancellationToken cancellationToken)
    {
        if (request.FromTask is null && request.OfRun is null)
        {
            return null;
        }

        var original = request.OfRun is null
            ? await store.LatestAsync(request.Pipeline, cancellationToken)
                ?? throw new ConflictException($"The pipeline '{request.Pipeline}' has never run: there is nothing to continue.", "Run all of it.")
            : await store.FindAsync(request.OfRun, cancellationToken) ?? throw new ObjectNotFoundException("pipeline run", request.OfRun);
        if (original.Pipeline != request.Pipeline)
        {
            throw new ConflictException($"Run {original.RunId} is one of '{original.Pipeline}', not of '{request.Pipeline}'.", $"./lake status pipeline/{request.Pipeline} lists its runs.");
        }

        return original.IsFinished
            ? original
            : throw new ConflictException($"Run {original.RunId} is still active.", "Wait for its end, or cancel it.");
    }

    private async Task<Dictionary<string, TaskRunRow>> KeepAsync(
        LaunchRequest request, PipelineDefinition definition, PipelineRunRow original, CancellationToken cancellationToken)
    {
        var done = (await store.TasksAsync(original.RunId, cancellationToken))
            .Where(t => TaskState.IsDone(t.State)).ToDictionary(t => t.Task, StringComparer.Ordinal);
        var again = definition.Tasks.Where(t => !done.ContainsKey(t.Name)).Select(t => t.Name).ToList();
        if (request.FromTask is { } from)
        {
            if (definition.Tasks.All(t => t.Name != from))
            {
                throw new ObjectNotFoundException("task", from, $"The tasks of '{definition.Name}' are {string.Join(", ", definition.Tasks.Select(t => t.Name))}.");
            }

            var blocking = Upstream(definition, from).FirstOrDefault(again.Contains);
            if (blocking is not null)
            {
                throw new ConflictException(
                    $"'{from}' cannot be the first task: '{blocking}', which it depends on, did not succeed in run {original.RunId}.",
                    $"Run from '{blocking}', or run everything that did not succeed.");
            }

            again.Add(from);
        }

        var downstream = TaskGraph.Downstream(definition.Tasks, again);
        return done.Where(d => !downstream.Contains(d.Key) && definition.Tasks.Any(t => t.Name == d.Key))
            .ToDictionary(d => d.Key, d => d.Value, StringComparer.Ordinal);
    }

    private static HashSet<string> Upstream(PipelineDefinition definition, string task)
    {
        var reached = new HashSet<string>(definition.Task(task).After, StringComparer.Ordinal);
        foreach (var earlier in definition.Tasks.Reverse())
        {
            if (reached.Contains(earlier.Name))
            {
                reached.UnionWith(earlier.After);
            }
        }

        return reached;
    }

    /// <summary>A re-run has the parameters of its original where none are given anew.</summary>
    private static IReadOnlyDictionary<string, string> Inherit(
        IReadOnlyDictionary<string, string> given, PipelineDefinition definition, PipelineRunRow? original)
    {
        if (original is null)
        {
            return given;
        }

        var merged = JsonNode.Parse(original.Parameters)!.AsObject()
            .Where(p => definition.Parameters.Any(d => d.Key == p.Key))
            .ToDictionary(p => p.Key, p => (string)p.Value!, StringComparer.Ordinal);
        foreach (var (name, value) in given)
        {
            merged[name] = value;
        }

        return merged;
    }

    private static ParameterSet BindParameters(
        PipelineDefinition definition, IReadOnlyDictionary<string, string> given, string runId, DateTimeOffset at)
    {
        var faults = given.Keys.Where(g => definition.Parameters.All(p => p.Key != g))
            .Select(g => new InputFault($"params.{g}", $"The pipeline has no parameter '{g}'.",
                definition.Parameters.Count == 0 ? "It has none at all." : $"It has {string.Join(", ", definition.Parameters.Select(p => p.Key))}."))
            .ToList();
        var set = ParameterSet.Start(runId, definition.Name, at, definition.TimeZone);
        foreach (var (name, defaultValue) in definition.Parameters)
        {
            if (set.Declare(name, defaultValue, given.GetValueOrDefault(name)) is { } wanted)
            {
                faults.Add(new InputFault($"params.{name}", $"'{given[name]}' is not {wanted}.", $"Give {wanted}."));
            }
        }

        return faults.Count == 0
            ? set
            : throw new InvalidInputException($"The parameters do not fit the pipeline '{definition.Name}'.", string.Join(' ', faults.Select(f => f.Hint).Distinct()), faults);
    }

    private static void Check(PipelineDefinition definition, ParameterSet parameters, Dictionary<string, TaskRunRow> kept)
    {
        foreach (var task in definition.Tasks.OfType<SqlTask>().Where(t => !kept.ContainsKey(t.Name)))
        {
            task.Template.Render(parameters);
        }
    }

    /// <summary>One run in line that would do the same later does it for all who ask meanwhile.</summary>
    private RunPlan? FindEquivalent(LaunchRequest request, PipelineDefinition definition, IReadOnlyDictionary<string, string> given) =>
        dispatcher.Waiting(definition.Name).FirstOrDefault(w =>
            !w.IsRerun && request.FromTask is null && request.OfRun is null && w.Trigger == request.Trigger
            && (request.Trigger == "data" || (request.Trigger != "schedule" && given.All(g => w.Parameters.Declared[g.Key] == g.Value))));

    private static TaskRunRow NewTask(string runId, PipelineTask task, int ordinal, TaskRunRow? kept) => new()
    {
        RunId = runId,
        Task = task.Name,
        Ordinal = ordinal,
        Type = task.Type,
        Target = (task as SqlTask)?.Target.ToString(),
        State = kept is null ? TaskState.Waiting : TaskState.Kept,
        Attempt = kept?.Attempt ?? 0,
        StartedAt = kept?.StartedAt,
        FinishedAt = kept?.FinishedAt,
        RowsWritten = kept?.RowsWritten,
        RowsDeleted = kept?.RowsDeleted,
        SnapshotId = kept?.SnapshotId,
        Inputs = kept?.Inputs ?? "{}",
        ChildRunId = kept?.ChildRunId,
    };
}
