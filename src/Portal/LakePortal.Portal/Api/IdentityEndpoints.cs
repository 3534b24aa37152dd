using LakePortal.Governance.Contracts.Identity;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Portal.Hosting;
using MediatR;

namespace LakePortal.Portal.Api;

internal sealed class IdentityEndpoints : IApiEndpoints
{
    internal sealed record NewUser(string Name, IReadOnlyList<string> Roles);

    internal sealed record NewToken(string Name, long LifetimeSeconds);

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var users = endpoints.MapGroup("/api/v1/users").WithTags("identity");
        users.MapGet("", async (IMediator mediator, CancellationToken cancellationToken) =>
            new { items = await mediator.Send(new ListUsers(), cancellationToken) });
        users.MapPost("", async (NewUser body, IMediator mediator, CancellationToken cancellationToken) =>
        {
            var made = await mediator.Send(new CreateUser(body.Name, body.Roles), cancellationToken);
            return Results.Created($"/api/v1/users/{Uri.EscapeDataString(made.User)}", made);
        });
        users.MapGet("/{name}", GetUserAsync);
        users.MapPost("/{name}/reset-password", (string name, IMediator mediator, CancellationToken cancellationToken) =>
            mediator.Send(new ResetPassword(name), cancellationToken));
        users.MapGet("/{name}/tokens", async (string name, IMediator mediator, CancellationToken cancellationToken) =>
            new { items = await mediator.Send(new ListTokens(name), cancellationToken) });
        users.MapPost("/{name}/tokens", async (string name, NewToken body, IMediator mediator, CancellationToken cancellationToken) =>
        {
            // Out of range is the validator's to say; only what no time span can hold stops here.
            var made = await mediator.Send(
                new CreateToken(name, body.Name, TimeSpan.FromSeconds(Math.Clamp(body.LifetimeSeconds, 0, int.MaxValue))), cancellationToken);
            return Results.Json(new { token = made.Token, made.Info.Id, made.Info.User, made.Info.Name, made.Info.ExpiresAt }, statusCode: StatusCodes.Status201Created);
        });

        var api = endpoints.MapGroup("/api/v1").WithTags("identity");
        api.MapGet("/tokens", async (IMediator mediator, string? user, CancellationToken cancellationToken) =>
            new { items = await mediator.Send(new ListTokens(user), cancellationToken) });
        api.MapDelete("/tokens/{id}", async (string id, IMediator mediator, CancellationToken cancellationToken) =>
        {
            await mediator.Send(new RevokeToken(id), cancellationToken);
            return Results.NoContent();
        });
        api.MapGet("/roles", async (IMediator mediator, CancellationToken cancellationToken) =>
            new { items = await mediator.Send(new ListRoles(), cancellationToken) });
        api.MapGet("/me", (ICallerAccessor callers) => callers.Current is { } caller
            ? Results.Json(new { caller.User, caller.Roles, caller.Groups, permissions = caller.Permissions.Order(StringComparer.Ordinal), caller.Via })
            : throw new NotSignedInException());
    }

    private static async Task<IResult> GetUserAsync(string name, HttpRequest request, IMediator mediator, CancellationToken cancellationToken)
    {
        if (request.Headers.Accept.ToString().Contains("yaml", StringComparison.OrdinalIgnoreCase))
        {
            return await ConfigurationEndpoints.GetAsync("users", name, request, mediator, cancellationToken);
        }

        var users = await mediator.Send(new ListUsers(), cancellationToken);
        return Results.Json(users.FirstOrDefault(u => u.Name == name)
            ?? throw new ObjectNotFoundException("user", name, Suggestion.For(name, users.Select(u => u.Name))));
    }
}
