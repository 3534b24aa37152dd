using System.Diagnostics;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Telemetry;
using MediatR;
using Microsoft.Extensions.Logging;

namespace LakePortal.Kernel.Messaging.Behaviours;

internal sealed class TimingBehaviour<TRequest, TResponse>(
    LakeMetrics metrics, TimeProvider clock, ILogger<RequestCatalog> logger) : IPipelineBehavior<TRequest, TResponse>
{
    private static readonly string Name = RequestName.Of(typeof(TRequest));

    public async Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        using var activity = LakeMetrics.Activities.StartActivity(Name, ActivityKind.Internal);
        var started = clock.GetTimestamp();
        var outcome = "ok";
        try
        {
            return await next();
        }
        catch (Exception error)
        {
            outcome = error switch
            {
                LakePortalException known => known.Code,
                OperationCanceledException => "cancelled",
                _ => "unexpected",
            };
            activity?.SetStatus(ActivityStatusCode.Error, outcome);
            throw;
        }
        finally
        {
            var elapsed = clock.GetElapsedTime(started);
            metrics.RequestSeconds.Record(
                elapsed.TotalSeconds, new("request", Name), new("outcome", outcome));
            KernelLog.RequestDone(logger, Name, outcome, elapsed.TotalMilliseconds);
        }
    }
}
