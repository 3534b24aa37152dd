using System.Globalization;
using System.Text.Json.Nodes;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Portal.Hosting;
using MediatR;

namespace LakePortal.Portal.Api;

/// <summary>Sources and syncs beyond their documents: discovery, tests, runs and the status document of the contract.</summary>
internal sealed class IngestionEndpoints : IApiEndpoints
{
    internal sealed record RunSyncBody(string? Mode = null);

    internal sealed record BackfillBody(string? Column = null, string? From = null, string? To = null);

    internal sealed record ReplayBody(IReadOnlyList<string>? Positions = null);

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var sources = endpoints.MapGroup("/api/v1/sources").WithTags("sources");
        sources.MapGet("", async (IMediator mediator, CancellationToken cancellationToken) => new { items = await mediator.Send(new ListSources(), cancellationToken) });
        sources.MapPost("/test", (JsonObject body, IMediator mediator, CancellationToken cancellationToken) => mediator.Send(new TestConnection(body), cancellationToken));
        sources.MapPost("/discover", async (JsonObject body, IMediator mediator, CancellationToken cancellationToken) =>
            new { tables = await mediator.Send(new DiscoverSource(body), cancellationToken) });
        sources.MapGet("/{name}/status", (string name, IMediator mediator, CancellationToken cancellationToken) => mediator.Send(new GetSource(name), cancellationToken));
        sources.MapGet("/{name}/capture", async (string name, IMediator mediator, CancellationToken cancellationToken) =>
            await mediator.Send(new GetCapture(name), cancellationToken) is { } capture ? Results.Json(capture) : Results.NoContent());
        sources.MapGet("/{name}/discover", async (string name, IMediator mediator, CancellationToken cancellationToken) =>
            new { tables = await mediator.Send(new DiscoverSource(new JsonObject { ["name"] = name }), cancellationToken) });
        sources.MapPost("/{name}/test", (string name, IMediator mediator, CancellationToken cancellationToken) =>
            mediator.Send(new TestConnection(new JsonObject { ["name"] = name }), cancellationToken));

        var syncs = endpoints.MapGroup("/api/v1/syncs").WithTags("syncs");
        syncs.MapGet("", async (IMediator mediator, string? source, CancellationToken cancellationToken) => new { items = await mediator.Send(new ListSyncs(source), cancellationToken) });
        syncs.MapGet("/{name}/status", async (string name, IMediator mediator, CancellationToken cancellationToken) => Status(await mediator.Send(new GetSyncStatus(name), cancellationToken)));
        syncs.MapPost("/{name}/run", async (string name, RunSyncBody? body, IMediator mediator, CancellationToken cancellationToken) =>
        {
            var run = await mediator.Send(new RunSync(name, body?.Mode), cancellationToken);
            return Results.Json(new { run_id = run }, statusCode: StatusCodes.Status202Accepted);
        });
        syncs.MapPost("/{name}/pause", (string name, IMediator mediator, CancellationToken cancellationToken) => PauseAsync(name, true, mediator, cancellationToken));
        syncs.MapPost("/{name}/resume", (string name, IMediator mediator, CancellationToken cancellationToken) => PauseAsync(name, false, mediator, cancellationToken));
        syncs.MapPost("/{name}/restart", async (string name, IMediator mediator, CancellationToken cancellationToken) =>
        {
            await mediator.Send(new RestartCapture(name), cancellationToken);
            return Results.NoContent();
        });
        syncs.MapPost("/{name}/bootstrap", async (string name, IMediator mediator, CancellationToken cancellationToken) =>
            Results.Json(new { run_id = await mediator.Send(new BootstrapSync(name), cancellationToken) }, statusCode: StatusCodes.Status202Accepted));
        syncs.MapPost("/{name}/backfill", async (string name, BackfillBody body, IMediator mediator, CancellationToken cancellationToken) =>
            Results.Json(new { id = await mediator.Send(new BackfillSync(name, body.Column, body.From, body.To), cancellationToken) }, statusCode: StatusCodes.Status202Accepted));
        syncs.MapGet("/{name}/dead-letters", async (string name, IMediator mediator, bool all = false, string? cursor = null, int limit = 100, CancellationToken cancellationToken = default) =>
        {
            var items = await mediator.Send(new ListDeadLetters(name, all, cursor, limit), cancellationToken);
            return new { items, cursor = items.Count >= limit && items.Count > 0 ? items[^1].Position : null };
        });
        syncs.MapPost("/{name}/dead-letters/replay", async (string name, ReplayBody? body, IMediator mediator, CancellationToken cancellationToken) =>
            Results.Json(new { id = await mediator.Send(new ReplayDeadLetters(name, body?.Positions), cancellationToken) }, statusCode: StatusCodes.Status202Accepted));
        syncs.MapGet("/{name}/events", async (string name, int? limit, IMediator mediator, CancellationToken cancellationToken) =>
        {
            var status = await mediator.Send(new GetSyncStatus(name), cancellationToken);
            return new { items = await mediator.Send(new ListCaptureEvents(status.Summary.Source, name, limit ?? 100), cancellationToken) };
        });
        syncs.MapPost("/{name}/cancel", async (string name, IMediator mediator, CancellationToken cancellationToken) =>
        {
            var status = await mediator.Send(new GetSyncStatus(name), cancellationToken);
            if (status.Summary is { State: "running" or "queued", LastRun: { } run })
            {
                await mediator.Send(new CancelSyncRun(run.Id), cancellationToken);
            }

            return Results.NoContent();
        });

        var runs = endpoints.MapGroup("/api/v1/sync-runs").WithTags("syncs");
        runs.MapGet("/{id}", (string id, IMediator mediator, CancellationToken cancellationToken) => mediator.Send(new GetSyncRun(id), cancellationToken));
        runs.MapPost("/{id}/cancel", async (string id, IMediator mediator, CancellationToken cancellationToken) =>
        {
            await mediator.Send(new CancelSyncRun(id), cancellationToken);
            return Results.NoContent();
        });
    }

    private static async Task<IResult> PauseAsync(string name, bool paused, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(new SetSyncPaused(name, paused), cancellationToken);
        return Results.NoContent();
    }

    private static string? Text(long? snapshotId) => snapshotId?.ToString(CultureInfo.InvariantCulture);

    /// <summary>The flat document that the contract names, with the rest of what is known behind it.</summary>
    private static object Status(SyncStatus status)
    {
        var s = status.Summary;
        return new
        {
            name = s.Name,
            mode = s.Mode,
            state = s.State,
            reason = s.Reason,
            source_position = status.SourcePosition,
            captured_position = status.CapturedPosition,
            applied_position = status.AppliedPosition,
            lag_seconds = status.LagSeconds,
            lag_bytes = status.LagBytes,
            retained_bytes = status.Capture?.RetainedBytes,
            rows_raw = s.RowsRaw,
            rows_refined = s.RowsRefined,
            last_commit_at = s.LastCommitAt,
            snapshot = status.Current is { } run
                ? new { raw_snapshot_id = Text(run.RawSnapshotId), refined_snapshot_id = Text(run.RefinedSnapshotId), position = run.Position, consistency = run.Consistency, attempt = run.Attempt, chunks = run.Chunks }
                : null,
            verified_through = status.VerifiedThrough,
            verified_at = status.VerifiedAt,
            reconcile = status.Reconcile,
            schema_policy = status.SchemaPolicy,
            source = s.Source,
            source_table = s.SourceTable,
            raw = s.Raw,
            refined = s.Refined,
            key = status.Key,
            cursor = status.CursorColumn,
            cursor_value = status.CursorValue,
            schedule = s.Schedule,
            next_run_at = s.NextRunAt,
            columns = status.Columns,
            last_run = s.LastRun,
            capture = status.Capture is { } capture ? capture with { Tables = [.. capture.Tables.Where(t => t.Sync == s.Name)] } : null,
        };
    }
}
