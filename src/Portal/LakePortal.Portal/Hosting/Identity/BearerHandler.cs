using System.Text.Encodings.Web;
using LakePortal.Governance.Contracts.Identity;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using LakePortal.Portal.Hosting.Errors;
using MediatR;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace LakePortal.Portal.Hosting.Identity;

internal sealed class BearerHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, IMediator mediator)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private const string Prefix = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            return AuthenticateResult.NoResult();
        }

        if (!header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return AuthenticateResult.Fail("Only bearer tokens are understood.");
        }

        var via = Request.Headers.UserAgent.ToString().StartsWith("lake/", StringComparison.Ordinal) ? "cli" : "api";
        var caller = await mediator.Send(new ResolveToken(header[Prefix.Length..].Trim(), via), Context.RequestAborted);
        return caller is null
            ? AuthenticateResult.Fail("The token is unknown, expired or revoked.")
            : AuthenticateResult.Success(new AuthenticationTicket(new CallerPrincipal(caller, Scheme.Name, null, false), Scheme.Name));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer realm=\"lakeportal\"";
        return Problems.WriteAsync(Context, new NotSignedInException());
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(Context, new PermissionDeniedException(Permissions.SystemRead));
}
