using LakePortal.Portal.Hosting.Identity;
using Microsoft.AspNetCore.Diagnostics;

namespace LakePortal.Portal.Hosting;

/// <summary>An address that leads nowhere shows the portal with a page that says so, instead of the browser's own blank one. The answer stays 404.</summary>
internal sealed class NoSuchPageMiddleware(RequestDelegate next)
{
    private const string Page = "/not-found";

    public async Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        await next(context);
        var request = context.Request;
        if (context.Response.StatusCode != StatusCodes.Status404NotFound || context.Response.HasStarted || context.GetEndpoint() is not null
            || !HttpMethods.IsGet(request.Method) || Schemes.IsProgram(request))
        {
            return;
        }

        var asked = request.Path;
        // Without it the renderer of pages would leave an answer of 404 empty.
        context.Features.Set<IStatusCodeReExecuteFeature>(new StatusCodeReExecuteFeature
        {
            OriginalPathBase = request.PathBase, OriginalPath = asked, OriginalQueryString = request.QueryString.Value,
        });
        request.Path = Page;
        request.RouteValues.Clear();
        try
        {
            await next(context);
        }
        finally
        {
            request.Path = asked;
        }
    }
}
