using LakePortal.Governance.Contracts.Identity;
using LakePortal.Kernel.Errors;
using LakePortal.Portal.Hosting;
using LakePortal.Portal.Hosting.Identity;
using LakePortal.Portal.Pages.Account;
using MediatR;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;

namespace LakePortal.Portal.Api;

/// <summary>Sign-in, sign-out and the own password: plain forms that work without scripts, since they set cookies.</summary>
internal sealed class AccountEndpoints : IApiEndpoints
{
    private const string SignInPath = "/sign-in";
    private const string PasswordPath = "/account/password";

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var forms = endpoints.MapGroup("").ExcludeFromDescription();
        forms.MapGet(SignInPath, ShowSignIn).AllowAnonymous();
        forms.MapPost(SignInPath, SignInAsync).AllowAnonymous().RequireRateLimiting(PortalHost.SignInLimit);
        forms.MapPost("/sign-out", SignOutAsync).WithMetadata(new AllowsOneTimePassword());
        forms.MapGet(PasswordPath, ShowPassword).WithMetadata(new AllowsOneTimePassword());
        forms.MapPost(PasswordPath, ChangePasswordAsync).WithMetadata(new AllowsOneTimePassword());
    }

    private static IResult ShowSignIn(HttpContext context, string? returnUrl, string? error) =>
        context.User is CallerPrincipal { SessionStamp: not null, MustChangePassword: false } && error is null
            ? Results.LocalRedirect(Local(returnUrl))
            : new RazorComponentResult<SignInPage>(new { ReturnUrl = Local(returnUrl), Error = error });

    private static async Task<IResult> SignInAsync(HttpContext context, IAntiforgery antiforgery, IMediator mediator)
    {
        var form = await ReadFormAsync(context, antiforgery);
        var returnUrl = Local(form?["returnUrl"]);
        if (form is null)
        {
            return Back(SignInPath, ("error", "expired"));
        }

        try
        {
            var result = await mediator.Send(
                new SignIn(form["user"].ToString(), form["password"].ToString(), context.Connection.RemoteIpAddress?.ToString()), context.RequestAborted);
            await EnterAsync(context, result);
            return Results.LocalRedirect(result.MustChangePassword ? With(PasswordPath, ("returnUrl", returnUrl)) : returnUrl);
        }
        catch (LakePortalException error) when (error.Kind is ErrorKind.Unauthenticated)
        {
            return Back(SignInPath, ("error", "failed"), ("returnUrl", returnUrl));
        }
        catch (LakePortalException error) when (error.Kind is ErrorKind.LimitExceeded)
        {
            return Back(SignInPath, ("error", "locked"), ("returnUrl", returnUrl));
        }
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, IAntiforgery antiforgery)
    {
        if (await ReadFormAsync(context, antiforgery) is not null)
        {
            await context.SignOutAsync(Schemes.Cookie);
        }

        return Results.LocalRedirect(SignInPath);
    }

    private static RazorComponentResult<PasswordPage> ShowPassword(HttpContext context, string? returnUrl, string? error) =>
        new(new { ReturnUrl = Local(returnUrl), Error = error, IsOneTime = context.User is CallerPrincipal { MustChangePassword: true } });

    private static async Task<IResult> ChangePasswordAsync(HttpContext context, IAntiforgery antiforgery, IMediator mediator)
    {
        var form = await ReadFormAsync(context, antiforgery);
        if (form is null)
        {
            return Back(PasswordPath, ("error", "The form was too old. Please try again."));
        }

        var returnUrl = Local(form["returnUrl"]);
        if (form["new"].ToString() != form["repeat"].ToString())
        {
            return Back(PasswordPath, ("error", "The two new passwords differ."), ("returnUrl", returnUrl));
        }

        try
        {
            await EnterAsync(context, await mediator.Send(new ChangeOwnPassword(form["current"].ToString(), form["new"].ToString()), context.RequestAborted));
            return Results.LocalRedirect(returnUrl);
        }
        catch (LakePortalException error) when (error.Kind is ErrorKind.Unauthenticated)
        {
            return Back(PasswordPath, ("error", "The current password is wrong."), ("returnUrl", returnUrl));
        }
        catch (LakePortalException error) when (error.Kind is ErrorKind.Invalid or ErrorKind.LimitExceeded)
        {
            return Back(PasswordPath, ("error", $"{error.Message} {error.Hint}"), ("returnUrl", returnUrl));
        }
    }

    private static Task EnterAsync(HttpContext context, SignInResult result) =>
        context.SignInAsync(Schemes.Cookie, new CallerPrincipal(result.Caller, Schemes.Cookie, result.SessionStamp, result.MustChangePassword));

    /// <summary>Null when the form is not ours or too old.</summary>
    private static async Task<IFormCollection?> ReadFormAsync(HttpContext context, IAntiforgery antiforgery) =>
        context.Request.HasFormContentType && await antiforgery.IsRequestValidAsync(context) ? await context.Request.ReadFormAsync(context.RequestAborted) : null;

    private static IResult Back(string path, params (string Name, string Value)[] query) => Results.LocalRedirect(With(path, query));

    private static string With(string path, params (string Name, string Value)[] query) =>
        QueryHelpers.AddQueryString(path, query.Select(q => KeyValuePair.Create(q.Name, (string?)q.Value)));

    /// <summary>Only ever a path of this portal: a link to the sign-in page must not lead elsewhere afterwards.</summary>
    private static string Local(string? url) =>
        url is { Length: > 0 } && url[0] == '/' && (url.Length == 1 || url[1] is not ('/' or '\\')) && !url.Any(char.IsControl)
        && !url.StartsWith(SignInPath, StringComparison.Ordinal) ? url : "/";
}
