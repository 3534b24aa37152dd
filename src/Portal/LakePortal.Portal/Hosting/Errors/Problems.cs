using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Kernel.Errors;

namespace LakePortal.Portal.Hosting.Errors;

/// <summary>Errors as RFC 9457 problem documents: <c>code</c> never changes, <c>hint</c> says what to do, <c>errors</c> lists faults by path.</summary>
internal static class Problems
{
    public const string ContentType = "application/problem+json";

    // Quotes and dashes as they are: it is JSON for people and programs, never part of a page.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static int StatusOf(LakePortalException error) => error.Kind switch
    {
        ErrorKind.Invalid => StatusCodes.Status400BadRequest,
        ErrorKind.Unauthenticated => StatusCodes.Status401Unauthorized,
        ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
        ErrorKind.NotFound => StatusCodes.Status404NotFound,
        ErrorKind.Conflict => StatusCodes.Status409Conflict,
        ErrorKind.LimitExceeded => StatusCodes.Status429TooManyRequests,
        ErrorKind.Unavailable => StatusCodes.Status502BadGateway,
        _ => StatusCodes.Status500InternalServerError,
    };

    public static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;

    public static Task WriteAsync(HttpContext context, LakePortalException error) =>
        WriteAsync(context, StatusOf(error), error.Code, error.Message, error.Hint, error.Faults);

    public static async Task WriteAsync(
        HttpContext context, int status, string code, string detail, string? hint, IReadOnlyList<InputFault> faults)
    {
        var problem = new JsonObject
        {
            ["type"] = $"urn:lakeportal:error:{code}",
            ["title"] = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status),
            ["status"] = status,
            ["detail"] = detail,
            ["code"] = code,
            ["hint"] = hint,
            ["trace_id"] = TraceId(context),
        };
        if (faults.Count > 0)
        {
            problem["errors"] = new JsonObject(faults.GroupBy(f => f.Path, StringComparer.Ordinal).Select(path => KeyValuePair.Create(
                path.Key, (JsonNode?)new JsonArray([.. path.Select(f => new JsonObject { ["message"] = f.Message, ["hint"] = f.Hint })]))));
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = ContentType;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(problem, Readable), context.RequestAborted);
    }
}
