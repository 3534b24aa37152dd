using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Portal.Hosting;
using MediatR;

namespace LakePortal.Portal.Api;

/// <summary>Comparing a sync's source with the lake: start, verdict, ranges, differing rows.</summary>
internal sealed class ReconciliationEndpoints : IApiEndpoints
{
    internal sealed record StartBody(string Sync, string? Method = null, bool Repair = false, long? Sample = null);

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api/v1/reconciliations").WithTags("reconciliations");
        api.MapPost("", async (StartBody body, IMediator mediator, CancellationToken cancellationToken) =>
        {
            var id = await mediator.Send(new StartReconciliation(body.Sync, body.Method, body.Repair, body.Sample), cancellationToken);
            return Results.Json(new { id }, statusCode: StatusCodes.Status202Accepted);
        });
        api.MapGet("", async (IMediator mediator, string? sync, string? cursor, int limit = 50, CancellationToken cancellationToken = default) =>
        {
            var items = await mediator.Send(new ListReconciliations(sync, limit, cursor), cancellationToken);
            return new { items, cursor = items.Count >= limit && items.Count > 0 ? items[^1].Id : null };
        });
        api.MapGet("/{id}", (string id, IMediator mediator, CancellationToken cancellationToken) => mediator.Send(new GetReconciliation(id), cancellationToken));
        api.MapGet("/{id}/ranges", async (string id, IMediator mediator, CancellationToken cancellationToken) => new { items = await mediator.Send(new ListReconciliationRanges(id), cancellationToken) });
        api.MapGet("/{id}/differences", async (string id, IMediator mediator, int cursor = 0, int limit = 100, CancellationToken cancellationToken = default) =>
        {
            var items = await mediator.Send(new ListDifferences(id, cursor, limit), cancellationToken);
            return new { items, cursor = items.Count >= limit && items.Count > 0 ? items[^1].Number : (int?)null };
        });
        api.MapPost("/{id}/cancel", async (string id, IMediator mediator, CancellationToken cancellationToken) =>
        {
            await mediator.Send(new CancelReconciliation(id), cancellationToken);
            return Results.NoContent();
        });
    }
}
