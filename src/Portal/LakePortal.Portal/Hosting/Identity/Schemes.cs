using LakePortal.Governance.Contracts.Identity;
using LakePortal.Portal.Hosting.Errors;
using MediatR;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using System.Security.Claims;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;

namespace LakePortal.Portal.Hosting.Identity;

/// <summary>Cookie for the portal, bearer token for programs; a header wins over a cookie. Nothing answers without a caller unless it says so.</summary>
internal static class Schemes
{
    public const string Cookie = "portal";
    public const string Bearer = "bearer";
    public const string SystemReader = "system-reader";
    private const string Choose = "lakeportal";

    public static void AddPortalIdentity(this IServiceCollection services, PortalOptions options)
    {
        services.AddAuthentication(Choose)
            .AddPolicyScheme(Choose, null, scheme => scheme.ForwardDefaultSelector = context =>
                context.Request.Headers.ContainsKey("Authorization") || !context.Request.Cookies.ContainsKey("lakeportal") && IsProgram(context.Request) ? Bearer : Cookie)
            .AddCookie(Cookie, cookie => Configure(cookie, options))
            .AddScheme<AuthenticationSchemeOptions, BearerHandler>(Bearer, null);
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build())
            .AddPolicy(SystemReader, policy => policy.RequireAuthenticatedUser().RequireAssertion(c =>
                c.User is CallerPrincipal { Caller: var caller } && caller.Can(Permissions.SystemRead)));
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "lakeportal.antiforgery";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.HeaderName = "X-LakePortal-Antiforgery";
        });
        services.AddCascadingAuthenticationState();
        services.AddScoped<CircuitCaller>();
        services.AddScoped<Microsoft.AspNetCore.Components.Authorization.AuthenticationStateProvider>(p => p.GetRequiredService<CircuitCaller>());
        services.AddHttpContextAccessor();
        services.AddScoped<IPortalSender, PortalSender>();
        services.AddTransient<CallerMiddleware>();
    }

    /// <summary>Everything but a page: errors are problem documents there, not redirects to the sign-in page.</summary>
    public static bool IsProgram(HttpRequest request) =>
        request.Path.StartsWithSegments("/api") || request.Path.StartsWithSegments("/v1") || request.Path.StartsWithSegments("/iceberg")
        || request.Path.StartsWithSegments("/metrics") || request.Path.StartsWithSegments("/openapi") || request.Path.StartsWithSegments("/registry")
        || request.Path.StartsWithSegments("/features") || request.Path.StartsWithSegments("/search") || request.Path.StartsWithSegments("/suggest")
        || request.Path.StartsWithSegments("/predict") || request.Path.StartsWithSegments("/service")
        || !request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    private static void Configure(CookieAuthenticationOptions cookie, PortalOptions options)
    {
        cookie.Cookie.Name = "lakeportal";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        cookie.ExpireTimeSpan = options.SessionTimeout;
        cookie.SlidingExpiration = true;
        cookie.LoginPath = "/sign-in";
        cookie.ReturnUrlParameter = "returnUrl";
        cookie.Events.OnValidatePrincipal = ValidateAsync;
        cookie.Events.OnRedirectToLogin = context => IsProgram(context.Request)
            ? Problems.WriteAsync(context.HttpContext, new NotSignedInException())
            : RedirectAsync(context);
        cookie.Events.OnRedirectToAccessDenied = context => Problems.WriteAsync(context.HttpContext, new PermissionDeniedException(Permissions.SystemRead));
    }

    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var user = context.Principal?.FindFirstValue(ClaimTypes.Name);
        var stamp = context.Principal?.FindFirstValue(CallerPrincipal.StampClaim);
        var session = user is null || stamp is null
            ? null
            : await context.HttpContext.RequestServices.GetRequiredService<IMediator>().Send(new ResolveSession(user, stamp), context.HttpContext.RequestAborted);
        if (session is null)
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(Cookie);
            return;
        }

        context.ReplacePrincipal(new CallerPrincipal(session.Caller, Cookie, session.SessionStamp, session.MustChangePassword));
    }

    private static Task RedirectAsync(RedirectContext<CookieAuthenticationOptions> context)
    {
        context.Response.Redirect(context.RedirectUri);
        return Task.CompletedTask;
    }
}
