using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Portal.Hosting.Errors;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;

namespace LakePortal.Portal.Hosting.Identity;

/// <summary>
/// Enters the caller for the rest of the request. For cookies it also refuses what another site could make a browser send, and everything
/// but a new password while the password is a one-time one.
/// </summary>
internal sealed class CallerMiddleware(ICallerAccessor callers, IAntiforgery antiforgery) : IMiddleware
{
    /// <summary>A page of another site cannot set it without asking first, which is never granted.</summary>
    public const string SameSiteHeader = "X-LakePortal";

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.User is not CallerPrincipal principal)
        {
            await next(context);
            return;
        }

        if (principal.SessionStamp is not null)
        {
            if (!await IsFromOurPagesAsync(context))
            {
                await Problems.WriteAsync(context, new ForgedRequestException());
                return;
            }

            if (principal.MustChangePassword && !IsAllowedBeforeChange(context))
            {
                if (Schemes.IsProgram(context.Request))
                {
                    await Problems.WriteAsync(context, new PasswordChangeRequiredException());
                    return;
                }

                context.Response.Redirect("/account/password");
                return;
            }
        }

        using (callers.Enter(principal.Caller))
        {
            await next(context);
        }
    }

    private async Task<bool> IsFromOurPagesAsync(HttpContext context)
    {
        var request = context.Request;
        var isSocket = context.WebSockets.IsWebSocketRequest || request.Path.StartsWithSegments("/_blazor");
        if (isSocket)
        {
            var origin = request.Headers.Origin.ToString();
            return origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority == request.Host.Value);
        }

        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        {
            return true;
        }

        return request.Headers.ContainsKey(SameSiteHeader) || await antiforgery.IsRequestValidAsync(context);
    }

    private static bool IsAllowedBeforeChange(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<AllowsOneTimePassword>() is not null
        || context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null;
}

/// <summary>The endpoint answers also while the password is a one-time one.</summary>
internal sealed class AllowsOneTimePassword;

internal sealed class ForgedRequestException()
    : LakePortalException("portal.forged-request", ErrorKind.Forbidden, "The request does not come from a page of this portal.",
        $"With a cookie, changing requests need the header '{CallerMiddleware.SameSiteHeader}: 1' or an antiforgery token; programs use a bearer token.");

internal sealed class PasswordChangeRequiredException()
    : LakePortalException("governance.password-change-required", ErrorKind.Forbidden, "The one-time password has to be changed first.", "Open /account/password in a browser.");
