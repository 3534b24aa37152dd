using LakePortal.Governance.Contracts.Secrets;
using LakePortal.Portal.Hosting;
using MediatR;

namespace LakePortal.Portal.Api;

internal sealed class SecretEndpoints : IApiEndpoints
{
    internal sealed record NewValue(string Value)
    {
        public override string ToString() => nameof(NewValue);
    }

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api/v1/secrets").WithTags("secrets");
        api.MapGet("", async (IMediator mediator, CancellationToken cancellationToken) =>
            new { items = await mediator.Send(new ListSecrets(), cancellationToken) });
        api.MapPut("/{name}", (string name, NewValue body, IMediator mediator, CancellationToken cancellationToken) =>
            mediator.Send(new SetSecret(name, body.Value), cancellationToken));
        api.MapDelete("/{name}", async (string name, IMediator mediator, CancellationToken cancellationToken) =>
        {
            await mediator.Send(new DeleteSecret(name), cancellationToken);
            return Results.NoContent();
        });
    }
}
