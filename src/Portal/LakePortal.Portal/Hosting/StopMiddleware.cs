using LakePortal.Engine.Queries;
using LakePortal.Portal.Hosting.Errors;

namespace LakePortal.Portal.Hosting;

/// <summary>
/// When the process stops, requests get a moment to end by themselves. Then they are cancelled and answered, so that one long query does not
/// use up the time that pipelines and syncs need to end well.
/// </summary>
internal sealed class StopMiddleware : IMiddleware, IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _stopping;

    public StopMiddleware(IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        _stopping = lifetime.ApplicationStopping.Register(() => _over.CancelAfter(Grace));
    }

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var client = context.RequestAborted;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(client, _over.Token);
        context.RequestAborted = either.Token;
        try
        {
            await next(context);
        }
        catch (Exception error) when (
            error is OperationCanceledException or QueryCancelledException && _over.IsCancellationRequested && !client.IsCancellationRequested && !context.Response.HasStarted)
        {
            context.RequestAborted = client;
            context.Response.Clear();
            await Problems.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, "portal.stopping", "The portal is being stopped; the request was cancelled.", "Try again when it is up.", []);
        }
        finally
        {
            context.RequestAborted = client;
        }
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _over.Dispose();
    }
}
