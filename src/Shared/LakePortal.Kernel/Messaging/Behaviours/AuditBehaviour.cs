using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using MediatR;

namespace LakePortal.Kernel.Messaging.Behaviours;

/// <summary>
/// Outside of the permission behaviour, so that a refusal leaves a row as well: of every request, also of those that only read.
/// A row that cannot be written fails the request.
/// </summary>
internal sealed class AuditBehaviour<TRequest, TResponse>(ICallerAccessor callers, IAuditTrail trail)
    : IPipelineBehavior<TRequest, TResponse>
{
    private static readonly string Action = RequestName.Of(typeof(TRequest));

    public async Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        var audited = request as IAuditedRequest;
        TResponse response;
        try
        {
            response = await next();
        }
        catch (PermissionDeniedException denied)
        {
            await RecordAsync(audited, "denied", denied.Permission);
            throw;
        }
        catch (NotSignedInException) when (audited is not null)
        {
            await RecordAsync(audited, "denied", "not-signed-in");
            throw;
        }
        catch (Exception error) when (audited is not null)
        {
            await RecordAsync(audited, "failed", error is LakePortalException known ? known.Code : error.GetType().Name);
            throw;
        }

        if (audited is not null)
        {
            await RecordAsync(audited, "ok", null);
        }

        return response;
    }

    private Task RecordAsync(IAuditedRequest? audited, string outcome, string? detail)
    {
        var caller = callers.Current;
        // Not the request's token: what happened is recorded even when the client went away meanwhile.
        return trail.RecordAsync(
            caller?.User ?? "anonymous", caller?.Via ?? "unknown", Action, audited?.AuditObject ?? "-", outcome, detail, CancellationToken.None);
    }
}
