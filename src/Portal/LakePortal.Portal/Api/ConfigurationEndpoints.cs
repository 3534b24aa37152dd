using System.Text.Json.Nodes;
using LakePortal.Kernel.Configuration;
using LakePortal.Portal.Hosting;
using MediatR;

namespace LakePortal.Portal.Api;

/// <summary>Every kind under <c>/api/v1/&lt;kind&gt;s</c>; a module's own endpoints are more specific and win.</summary>
internal sealed class ConfigurationEndpoints : IApiEndpoints
{
    internal sealed record ApplyBody(IReadOnlyList<ConfigText> Texts, bool DryRun = false, bool Prune = false);

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api/v1").WithTags("configuration");
        api.MapPost("/apply", async (ApplyBody body, IMediator mediator, CancellationToken cancellationToken) =>
            new { changes = await mediator.Send(new ApplyConfiguration(body.Texts, body.DryRun, body.Prune), cancellationToken) });
        api.MapGet("/{kinds}", async (string kinds, IMediator mediator, CancellationToken cancellationToken) =>
            new { items = (await mediator.Send(new ListObjects(KindOf(kinds)), cancellationToken)).Select(name => new { name }) });
        api.MapGet("/{kinds}/{name}", GetAsync);
        api.MapPut("/{kinds}/{name}", PutAsync);
        api.MapDelete("/{kinds}/{name}", async (string kinds, string name, IMediator mediator, CancellationToken cancellationToken) =>
        {
            await mediator.Send(new DeleteObject(KindOf(kinds), name), cancellationToken);
            return Results.NoContent();
        });
    }

    /// <summary>As YAML when that is what the client accepts.</summary>
    public static async Task<IResult> GetAsync(string kinds, string name, HttpRequest request, IMediator mediator, CancellationToken cancellationToken)
    {
        var found = await mediator.Send(new ExportObject(KindOf(kinds), name), cancellationToken);
        return request.Headers.Accept.ToString().Contains("yaml", StringComparison.OrdinalIgnoreCase)
            ? Results.Text(found.Yaml, "application/yaml")
            : Results.Json(found.Content);
    }

    private static async Task<IResult> PutAsync(
        string kinds, string name, JsonObject body, IMediator mediator, bool dry_run = false, CancellationToken cancellationToken = default)
    {
        // Kinds that derive their names (a sync with patterns) may come without one.
        body.TryAdd("name", name);
        var changes = await mediator.Send(new PutObject(KindOf(kinds), body, dry_run), cancellationToken);
        return Results.Json(new { changes }, statusCode: changes.Any(c => c.Action == ChangeAction.Create) && !dry_run ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    // The contract's plural is the kind and an s; the proper English plural is understood as well.
    private static string KindOf(string kinds) =>
        kinds.EndsWith("ies", StringComparison.Ordinal) ? $"{kinds[..^3]}y"
        : kinds == "indexes" ? "index"
        : kinds.EndsWith('s') ? kinds[..^1] : kinds;
}
