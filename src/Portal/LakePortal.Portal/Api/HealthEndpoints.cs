using LakePortal.Portal.Hosting;
using LakePortal.Portal.Hosting.Health;

namespace LakePortal.Portal.Api;

internal sealed class HealthEndpoints : IApiEndpoints
{
    // Load balancers ask with HEAD.
    private static readonly string[] Probes = ["GET", "HEAD"];

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/healthz", Probes, () => Results.Text("ok\n")).AllowAnonymous().ExcludeFromDescription();
        endpoints.MapMethods("/readyz", Probes, ReadyAsync).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<IResult> ReadyAsync(Readiness readiness, CancellationToken cancellationToken)
    {
        var parts = await readiness.CheckAsync(cancellationToken);
        var ready = parts.All(p => p.Ok);
        return Results.Json(
            new { ready, parts }, statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
