using LakePortal.Kernel.Identity;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>Sends requests from background work: a scope of their own, the process as the caller.</summary>
internal sealed class SystemSender(IServiceScopeFactory scopes, ICallerAccessor callers)
{
    public async Task<TResponse> SendAsync<TResponse>(IRequest<TResponse> request, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        using var caller = callers.Enter(Caller.System);
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request, cancellationToken);
    }

    public async Task PublishAsync(INotification notification, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        using var caller = callers.Enter(Caller.System);
        await scope.ServiceProvider.GetRequiredService<IMediator>().Publish(notification, cancellationToken);
    }
}
