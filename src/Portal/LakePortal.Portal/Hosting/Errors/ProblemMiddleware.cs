using System.Text.Json;
using LakePortal.Kernel.Errors;
using LakePortal.Portal.Hosting.Identity;
using Microsoft.AspNetCore.Antiforgery;

namespace LakePortal.Portal.Hosting.Errors;

/// <summary>Outermost: whatever is thrown becomes a problem document; what nobody foresaw says no more than its trace id.</summary>
internal sealed class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            await DescribeEmptyAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await WriteAsync(context, error);
        }
    }

    private Task WriteAsync(HttpContext context, Exception error)
    {
        var (method, path, trace) = (context.Request.Method, context.Request.Path.ToString(), Problems.TraceId(context));
        switch (error)
        {
            case LakePortalException { Kind: ErrorKind.Unavailable or ErrorKind.Internal } known:
                PortalLog.RequestRefusedByBackend(logger, method, path, known.Code, known.Message, trace);
                return Problems.WriteAsync(context, known);
            case LakePortalException known:
                PortalLog.RequestRefused(logger, method, path, known.Code, trace);
                return Problems.WriteAsync(context, known);
            case BadHttpRequestException { InnerException: JsonException json }:
                return WriteJsonFaultAsync(context, json);
            case JsonException json:
                return WriteJsonFaultAsync(context, json);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return Problems.WriteAsync(context, 413, "portal.request-too-large", "The request's body is too large.", "The limit is Portal:MaxRequestBytes in appsettings.json.", []);
            case BadHttpRequestException bad:
                return Problems.WriteAsync(context, bad.StatusCode, "portal.bad-request", bad.Message, "GET /openapi/v1.json describes every request.", []);
            case AntiforgeryValidationException:
                return Problems.WriteAsync(context, new ForgedRequestException());
            // What the form reader says of a body that is no form.
            case InvalidDataException form:
                return Problems.WriteAsync(context, 400, "portal.bad-request", form.Message, "Send the fields as a form post.", []);
            default:
                PortalLog.RequestFailed(logger, error, method, path, trace);
                return Problems.WriteAsync(
                    context, 500, "internal", "Something went wrong that should not have.", $"The log has the details under trace {trace}.", []);
        }
    }

    private static Task WriteJsonFaultAsync(HttpContext context, JsonException json)
    {
        var place = json.LineNumber is { } line
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"line {line + 1}, column {json.BytePositionInLine + 1}")
            : "body";
        var path = json.Path is { Length: > 1 } p ? p[1..].TrimStart('.') : place;
        // The serializer's sentence names the .NET type; its first part is what a client can use.
        var message = json.Message.Contains("could not be mapped", StringComparison.Ordinal)
            ? "The body has a key that is not known here."
            : json.Message.Contains("could not be converted", StringComparison.Ordinal) ? "The value has the wrong type."
            : json.Message.Contains("missing required", StringComparison.Ordinal) ? "The body lacks a required key."
            : json.Message.Contains("uplicate", StringComparison.Ordinal) ? "The body has a key twice."
            : "The body is not valid JSON.";
        return Problems.WriteAsync(
            context, 400, "invalid-json", message, "GET /openapi/v1.json describes every request.", [new InputFault(path, $"{message.TrimEnd('.')}: {place}.")]);
    }

    /// <summary>Routing itself answers 404, 405 and 415 without a body.</summary>
    private static Task DescribeEmptyAsync(HttpContext context)
    {
        var status = context.Response.StatusCode;
        if (status < 400 || context.Response.HasStarted || context.Response.ContentLength > 0 || !Schemes.IsProgram(context.Request))
        {
            return Task.CompletedTask;
        }

        var (code, detail, hint) = status switch
        {
            404 => ("not-found", $"There is nothing at {context.Request.Path}.", "GET /openapi/v1.json lists all paths."),
            405 => ("portal.method-not-allowed", $"{context.Request.Method} is not possible here.", $"Allowed: {context.Response.Headers.Allow}."),
            415 => ("portal.unsupported-media-type", "The body has a type that is not understood here.", "Send Content-Type: application/json."),
            _ => ("portal.refused", $"The request was refused with status {status}.", null as string),
        };
        return Problems.WriteAsync(context, status, code, detail, hint, []);
    }
}
