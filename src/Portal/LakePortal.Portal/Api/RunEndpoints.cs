using LakePortal.Kernel.Runs;
using LakePortal.Portal.Hosting;
using MediatR;

namespace LakePortal.Portal.Api;

internal sealed class RunEndpoints : IApiEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api/v1/runs").WithTags("runs");
        api.MapGet("", async (
            IMediator mediator, string? kind, string? name, RunState? state, DateTimeOffset? since, string? cursor, int limit = 50,
            CancellationToken cancellationToken = default) =>
        {
            var items = await mediator.Send(
                new ListRuns(new RunFilter { Kind = kind, Name = name, State = state, Since = since, Before = cursor, Limit = limit }), cancellationToken);
            return new { items, cursor = items.Count >= limit && items.Count > 0 ? items[^1].Id : null };
        });
        api.MapGet("/{id}", (string id, IMediator mediator, CancellationToken cancellationToken) => mediator.Send(new GetRun(id), cancellationToken));
        api.MapGet("/{id}/logs", async (string id, IMediator mediator, long after = 0, int limit = 1000, CancellationToken cancellationToken = default) =>
        {
            await mediator.Send(new GetRun(id), cancellationToken);
            return new { items = await mediator.Send(new ReadRunLog(id, after, limit), cancellationToken) };
        });
    }
}
