using LakePortal.Governance.Contracts.Identity;
using LakePortal.Kernel.Identity;
using MediatR;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace LakePortal.Portal.Hosting.Identity;

/// <summary>The caller of an open page. Looked up again every minute, so that a disabled user or a lost role reaches pages that stay open.</summary>
internal sealed class CircuitCaller : RevalidatingServerAuthenticationStateProvider
{
    private readonly IServiceScopeFactory _scopes;
    private readonly ILogger _logger;

    public CircuitCaller(ILoggerFactory loggers, IServiceScopeFactory scopes) : base(loggers)
    {
        _scopes = scopes;
        _logger = loggers.CreateLogger<CircuitCaller>();
        AuthenticationStateChanged += state => _ = RememberAsync(state);
    }

    public Caller? Current { get; private set; }

    /// <summary>False in plain HTTP requests, where nobody gave this a state.</summary>
    public bool HasState { get; private set; }

    protected override TimeSpan RevalidationInterval => TimeSpan.FromMinutes(1);

    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        if (authenticationState.User is not CallerPrincipal { SessionStamp: { } stamp } principal)
        {
            return false;
        }

        await using var scope = _scopes.CreateAsyncScope();
        var session = await scope.ServiceProvider.GetRequiredService<IMediator>().Send(new ResolveSession(principal.Caller.User, stamp), cancellationToken);
        if (session is null or { MustChangePassword: true })
        {
            PortalLog.SessionEnded(_logger, principal.Caller.User);
            return false;
        }

        Current = session.Caller;
        return true;
    }

    private async Task RememberAsync(Task<AuthenticationState> state)
    {
        Current = (await state).User is CallerPrincipal principal ? principal.Caller : null;
        HasState = true;
    }
}
