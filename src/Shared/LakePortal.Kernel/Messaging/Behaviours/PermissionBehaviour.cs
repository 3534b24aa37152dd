using System.Reflection;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using MediatR;

namespace LakePortal.Kernel.Messaging.Behaviours;

internal sealed class PermissionBehaviour<TRequest, TResponse>(ICallerAccessor callers) : IPipelineBehavior<TRequest, TResponse>
{
    private static readonly string? Permission = typeof(TRequest).GetCustomAttribute<RequiresPermissionAttribute>()?.Permission;
    private static readonly bool IsAnonymous = typeof(TRequest).GetCustomAttribute<AllowAnonymousRequestAttribute>() is not null;

    public Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        if (IsAnonymous)
        {
            return next();
        }

        // The start-up check refuses such a request already; a handler must not run should one slip past it.
        var permission = Permission
            ?? throw new InvalidOperationException($"{typeof(TRequest).FullName} declares no permission.");
        var caller = callers.Current ?? throw new NotSignedInException();
        return caller.Can(permission) ? next() : throw new PermissionDeniedException(permission);
    }
}
