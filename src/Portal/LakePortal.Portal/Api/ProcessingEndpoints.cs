using System.Text.Json;
using LakePortal.Kernel.Errors;
using LakePortal.Portal.Hosting;
using LakePortal.Processing.Contracts.Pipelines;
using MediatR;

namespace LakePortal.Portal.Api;

/// <summary>Runs of pipelines over HTTP; the pipelines themselves are configuration objects.</summary>
internal sealed class ProcessingEndpoints : IApiEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var pipelines = endpoints.MapGroup("/api/v1/pipelines/{name}").WithTags("Pipelines");
        pipelines.MapPost("/run", async (string name, RunBody? body, IMediator mediator, CancellationToken cancellationToken) =>
            {
                var run = await mediator.Send(
                    new RunPipeline(name, ReadParameters(body?.Params), body?.From, body?.Of), cancellationToken);
                return Results.Accepted($"/api/v1/pipeline-runs/{run}", new StartedRun(run));
            })
            .WithSummary("Starts a run; 'from' starts at a task, 'of' continues an earlier run.");
        pipelines.MapGet("/runs", async (string name, IMediator mediator, CancellationToken cancellationToken, int limit = 30, string? cursor = null) =>
            {
                var items = await mediator.Send(new ListPipelineRuns(name, limit, cursor), cancellationToken);
                return new { items, cursor = items.Count >= limit && items.Count > 0 ? items[^1].Run.Id : null };
            })
            .WithSummary("Runs with their tasks, newest first.");
        pipelines.MapGet("/status", (string name, IMediator mediator, CancellationToken cancellationToken) =>
                mediator.Send(new GetPipeline(name), cancellationToken))
            .WithSummary("Tasks in order, next times, last run.");
        pipelines.MapPost("/pause", (string name, IMediator mediator, CancellationToken cancellationToken) =>
                PauseAsync(mediator, name, paused: true, cancellationToken))
            .WithSummary("Schedule and data triggers rest; runs by hand still start.");
        pipelines.MapPost("/resume", (string name, IMediator mediator, CancellationToken cancellationToken) =>
                PauseAsync(mediator, name, paused: false, cancellationToken))
            .WithSummary("Ends a pause.");

        var runs = endpoints.MapGroup("/api/v1/pipeline-runs/{id}").WithTags("Pipelines");
        runs.MapGet("", (string id, IMediator mediator, CancellationToken cancellationToken) =>
                mediator.Send(new GetPipelineRun(id), cancellationToken))
            .WithSummary("A run with its tasks.");
        runs.MapPost("/cancel", async (string id, IMediator mediator, CancellationToken cancellationToken) =>
            {
                await mediator.Send(new CancelPipelineRun(id), cancellationToken);
                return Results.Accepted($"/api/v1/pipeline-runs/{id}");
            })
            .WithSummary("Cancels a run and what it has started.");
    }

    private static async Task<IResult> PauseAsync(IMediator mediator, string name, bool paused, CancellationToken cancellationToken)
    {
        await mediator.Send(new SetPipelinePaused(name, paused), cancellationToken);
        return Results.NoContent();
    }

    /// <summary>Numbers and flags may be given as such; the pipeline's own types decide in the end.</summary>
    private static Dictionary<string, string> ReadParameters(Dictionary<string, JsonElement>? parameters) =>
        (parameters ?? []).ToDictionary(
            p => p.Key,
            p => p.Value.ValueKind switch
            {
                JsonValueKind.String => p.Value.GetString()!,
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => p.Value.GetRawText(),
                _ => throw new InvalidInputException(
                    $"The parameter '{p.Key}' must be a text, a number, true or false.", null,
                    new InputFault($"params.{p.Key}", "Neither a text, nor a number, nor true or false.")),
            },
            StringComparer.Ordinal);

    internal sealed record RunBody(Dictionary<string, JsonElement>? Params = null, string? From = null, string? Of = null);

    internal sealed record StartedRun(string RunId);
}
