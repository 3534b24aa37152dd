using LakePortal.Kernel.Identity;
using MediatR;

namespace LakePortal.Portal.Hosting;

/// <summary>
/// The only way in which a page reaches a module: sends a request of a <c>.Contracts</c> project as the signed-in user. Every call runs in
/// a service scope of its own, so that a page may send several at the same time.
/// </summary>
public interface IPortalSender
{
    /// <summary>Who is signed in on this page; null before sign-in and after the session has ended.</summary>
    Caller? Caller { get; }

    /// <exception cref="LakePortal.Kernel.Errors.LakePortalException">Refused, invalid, not found: what the handler or the door says.</exception>
    Task<TResponse> Send<TResponse>(IRequest<TResponse> request, CancellationToken cancellationToken = default);
}
