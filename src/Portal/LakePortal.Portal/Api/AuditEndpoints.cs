using LakePortal.Governance.Contracts.Audit;
using LakePortal.Portal.Hosting;
using MediatR;

namespace LakePortal.Portal.Api;

internal sealed class AuditEndpoints : IApiEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/api/v1/audit", async (
            IMediator mediator, string? user, string? action, string? @object, string? outcome, DateTimeOffset? since, DateTimeOffset? until,
            long? cursor, int limit = 100, CancellationToken cancellationToken = default) =>
        {
            var items = await mediator.Send(
                new ListAudit(new AuditFilter
                {
                    User = user, Action = action, Object = @object, Outcome = outcome, Since = since, Until = until, BeforeSequence = cursor, Limit = limit,
                }),
                cancellationToken);
            return new { items, cursor = items.Count >= limit && items.Count > 0 ? items[^1].Sequence : (long?)null };
        }).WithTags("audit");
}
