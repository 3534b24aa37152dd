using LakePortal.Portal.Hosting;
using LakePortal.Portal.Hosting.Health;

namespace LakePortal.Portal.Api;

internal sealed class HealthEndpoints : IApiEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", () => Results.Text("ok\n")).AllowAnonymous().ExcludeFromDescription();
        endpoints.MapGet("/readyz", ReadyAsync).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<IResult> ReadyAsync(Readiness readiness, CancellationToken cancellationToken)
    {
        var parts = await readiness.CheckAsync(cancellationToken);
        var ready = parts.All(p => p.Ok);
        return Results.Json(
            new { ready, parts }, statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
