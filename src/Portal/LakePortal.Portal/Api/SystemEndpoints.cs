using LakePortal.Kernel.Hosting;
using LakePortal.Portal.Hosting;
using MediatR;

namespace LakePortal.Portal.Api;

internal sealed class SystemEndpoints : IApiEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/api/v1/system", (IMediator mediator, CancellationToken cancellationToken) => mediator.Send(new GetSystem(), cancellationToken))
            .WithTags("system");
}
