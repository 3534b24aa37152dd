using LakePortal.Iceberg;
using LakePortal.Kernel.Errors;
using LakePortal.Portal.Hosting;
using LakePortal.Serving.Contracts.Dashboards;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Contracts.Tables;
using MediatR;
using Microsoft.AspNetCore.Http.Features;

namespace LakePortal.Portal.Api;

/// <summary>SQL, tables and tiles over HTTP.</summary>
internal sealed class ServingEndpoints : IApiEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        MapSql(endpoints.MapGroup("/api/v1/sql").WithTags("SQL"));
        MapTables(endpoints.MapGroup("/api/v1/tables").WithTags("Tables"));
        endpoints.MapGet("/api/v1/dashboards/{name}/tiles/{tile}",
                (string name, string tile, IMediator mediator, CancellationToken cancellationToken) =>
                    mediator.Send(new RenderTile(name, tile), cancellationToken))
            .WithTags("Dashboards").WithSummary("The data of one tile, as the caller may see it.");
    }

    private static void MapSql(RouteGroupBuilder sql)
    {
        sql.MapPost("", (SqlBody body, IMediator mediator, CancellationToken cancellationToken) =>
                mediator.Send(new ExecuteQuery(body.Sql ?? "", body.As, body.Limit, body.Engine, body.QueryId, "api"), cancellationToken))
            .WithSummary("Runs a SELECT and returns its first rows, exactly.");
        sql.MapDelete("/{queryId}", async (string queryId, IMediator mediator, CancellationToken cancellationToken) =>
                await mediator.Send(new CancelQuery(queryId), cancellationToken)
                    ? Results.NoContent()
                    : throw new ObjectNotFoundException("running query", queryId, "It may have ended already."))
            .WithSummary("Cancels a running query.");
        sql.MapGet("/{queryId}/progress", async (string queryId, IMediator mediator, CancellationToken cancellationToken) =>
                new QueryProgress(queryId, await mediator.Send(new GetQueryProgress(queryId), cancellationToken)))
            .WithSummary("Progress of a running query, 0 to 100; null when it cannot be told.");
        sql.MapGet("/history", async (IMediator mediator, CancellationToken cancellationToken, int limit = 50, string? contains = null) =>
                new { items = await mediator.Send(new ListQueryHistory(limit, contains), cancellationToken) })
            .WithSummary("The caller's own queries, newest first.");
        sql.MapGet("/completions", async (IMediator mediator, CancellationToken cancellationToken) =>
                new { items = await mediator.Send(new GetCompletions(), cancellationToken) })
            .WithSummary("Tables and columns that the caller may name.");
        sql.MapPost("/export", ExportAsync).WithSummary("Streams all rows of a SELECT as csv (formulas neutralised; newline=lf for shells), tsv (raw) or jsonl.");
    }

    internal sealed record MaintenanceBody(string Action, bool DryRun = false);

    private static void MapTables(RouteGroupBuilder tables)
    {
        tables.MapGet("", async (IMediator mediator, CancellationToken cancellationToken, string? @namespace = null, string? contains = null) =>
                new { items = await mediator.Send(new ListTables(@namespace, contains), cancellationToken) })
            .WithSummary("Tables that the caller may see.");
        tables.MapPost("/register", async (RegisterBody body, IMediator mediator, CancellationToken cancellationToken) =>
            {
                var table = await mediator.Send(
                    new RegisterTable(body.Table ?? "", body.MetadataFile ?? "", body.Map ?? []), cancellationToken);
                return Results.Created($"/api/v1/tables/{Uri.EscapeDataString(table.Namespace)}/{Uri.EscapeDataString(table.Name)}", table);
            })
            .WithSummary("Adopts an Iceberg table that others wrote, read-only.");
        tables.MapGet("/{table}", (string table, IMediator mediator, CancellationToken cancellationToken) =>
                TableIdentifier.TryParse(table, out var identifier)
                    ? mediator.Send(new GetTable(identifier.Namespace, identifier.Name), cancellationToken)
                    : throw new ObjectNotFoundException("table", table, "Write namespace.table."))
            .WithSummary("The same by namespace.table.");
        tables.MapGet("/{ns}/{name}", (string ns, string name, IMediator mediator, CancellationToken cancellationToken) =>
                mediator.Send(new GetTable(ns, name), cancellationToken))
            .WithSummary("Schema, partitioning, snapshots, refs and health.");
        tables.MapDelete("/{ns}/{name}", async (string ns, string name, IMediator mediator, CancellationToken cancellationToken) =>
            {
                await mediator.Send(new DropTable(ns, name), cancellationToken);
                return Results.NoContent();
            })
            .WithSummary("Drops the table; an adopted one keeps its files.");
        tables.MapPost("/{ns}/{name}/maintenance", async (string ns, string name, MaintenanceBody body, IMediator mediator, CancellationToken cancellationToken) => Results.Json<object>(body.Action switch
            {
                "compact" => await mediator.Send(new CompactTable(ns, name, body.DryRun), cancellationToken),
                "expire" => await mediator.Send(new ExpireSnapshots(ns, name, body.DryRun), cancellationToken),
                "orphans" => await mediator.Send(new RemoveOrphans(ns, name, body.DryRun), cancellationToken),
                "rewrite-manifests" => await mediator.Send(new RewriteManifests(ns, name, body.DryRun), cancellationToken),
                _ => throw new InvalidInputException($"There is no maintenance action '{body.Action}'.", "Use compact, expire, orphans or rewrite-manifests."),
            }))
            .WithSummary("Keeps house: compact, expire, orphans, rewrite-manifests; with dry_run it only says what would be done.");
        tables.MapGet("/{ns}/{name}/snapshots", async (string ns, string name, IMediator mediator, CancellationToken cancellationToken) =>
                new { items = (await mediator.Send(new GetTable(ns, name), cancellationToken)).Snapshots })
            .WithSummary("Snapshots, newest first.");
        tables.MapGet("/{ns}/{name}/files",
                (string ns, string name, IMediator mediator, CancellationToken cancellationToken, string? snapshot = null, int offset = 0, int limit = 100) =>
                    mediator.Send(new ListTableFiles(ns, name, snapshot, offset, limit), cancellationToken))
            .WithSummary("Live files, largest first.");
        tables.MapGet("/{ns}/{name}/partitions",
                (string ns, string name, IMediator mediator, CancellationToken cancellationToken, int offset = 0, int limit = 100) =>
                    mediator.Send(new ListTablePartitions(ns, name, offset, limit), cancellationToken))
            .WithSummary("Partitions with their files and rows.");
        tables.MapGet("/{ns}/{name}/preview",
                (string ns, string name, IMediator mediator, CancellationToken cancellationToken, string? snapshot = null, int limit = 50) =>
                    mediator.Send(new PreviewTable(ns, name, snapshot, limit), cancellationToken))
            .WithSummary("The first rows.");
    }

    private static async Task<IResult> ExportAsync(
        ExportBody body, HttpContext context, IMediator mediator, CancellationToken cancellationToken, string format = "csv", string? newline = null)
    {
        var output = new FirstByteStream(context.Response, () =>
        {
            context.Response.ContentType = format switch
            {
                "csv" => "text/csv; charset=utf-8",
                "tsv" => "text/tab-separated-values; charset=utf-8",
                _ => "application/x-ndjson; charset=utf-8",
            };
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        });
        try
        {
            await mediator.Send(new ExportQuery(body.Sql ?? "", format, output, body.As, body.Limit, body.Engine, newline == "lf"), cancellationToken);
        }
        catch (LakePortalException) when (context.Response.HasStarted)
        {
            // Half a result must not look like a whole one: breaking the connection makes the client fail visibly.
            context.Abort();
        }

        return Results.Empty;
    }

    internal sealed record SqlBody(string? Sql = null, string? As = null, int? Limit = null, string? Engine = null, string? QueryId = null);

    internal sealed record ExportBody(string? Sql = null, string? As = null, long? Limit = null, string? Engine = null);

    internal sealed record RegisterBody(string? Table = null, string? MetadataFile = null, IReadOnlyList<string>? Map = null);

    internal sealed record QueryProgress(string QueryId, double? Progress);
}
