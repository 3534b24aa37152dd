using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using MediatR;

namespace LakePortal.Portal.Hosting.Identity;

internal sealed class PortalSender(
    CircuitCaller circuit, IHttpContextAccessor http, ICallerAccessor callers, IServiceScopeFactory scopes) : IPortalSender
{
    public Caller? Caller => circuit.HasState ? circuit.Current : (http.HttpContext?.User as CallerPrincipal)?.Caller;

    public async Task<TResponse> Send<TResponse>(IRequest<TResponse> request, CancellationToken cancellationToken = default)
    {
        // Not left to the door: behind an open page an older caller may still be the ambient one.
        var caller = Caller ?? throw new NotSignedInException();
        // Off the page's own thread of work: what blocks in a handler must neither freeze the page nor wait for itself behind it.
        return await Task.Run(() => SendAsync(request, caller, cancellationToken), CancellationToken.None);
    }

    private async Task<TResponse> SendAsync<TResponse>(IRequest<TResponse> request, Caller caller, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        using var entered = callers.Enter(caller);
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request, cancellationToken);
    }
}
