using System.Globalization;
using LakePortal.Kernel.Errors;
using LakePortal.Portal.Hosting;
using LakePortal.Portal.Parts;
using LakePortal.Serving.Contracts.Queries;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;

namespace LakePortal.Portal.Api;

/// <summary>The SQL page's exports: a form post that streams the whole result into a file, never holding it.</summary>
public static class UiExportEndpoints
{
    public static IEndpointConventionBuilder MapUiExports(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost(PortalUrls.Export, ExportAsync).ExcludeFromDescription();

    private static async Task<IResult> ExportAsync(HttpContext context, IAntiforgery antiforgery, IPortalSender sender, TimeProvider time)
    {
        await antiforgery.ValidateRequestAsync(context);
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var (sql, format) = (form["sql"].ToString(), form["format"].ToString());
        if (string.IsNullOrWhiteSpace(sql) || format is not ("csv" or "jsonl"))
        {
            throw new InvalidInputException("An export needs a statement and a format.", "Formats are csv and jsonl.");
        }

        var stamp = time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var output = new FirstByteStream(context.Response, () =>
        {
            context.Response.ContentType = format == "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson; charset=utf-8";
            context.Response.Headers.ContentDisposition = $"attachment; filename=\"query-{stamp}.{format}\"";
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        });
        try
        {
            await sender.Send(new ExportQuery(sql, format, output), context.RequestAborted);
        }
        catch (LakePortalException) when (context.Response.HasStarted)
        {
            // Half a file must not look like a whole one: breaking the connection makes the download fail visibly.
            context.Abort();
        }

        return Results.Empty;
    }
}
