namespace LakePortal.Kernel.Identity;

/// <summary>The users of the portal as callers, for work that one user does as another (<c>queries.run-as</c>). Implemented by Governance.</summary>
public interface ICallerDirectory
{
    /// <summary>Null when there is no such user, or it is disabled. Does not check whether the present caller may act as this user.</summary>
    Task<Caller?> FindAsync(string user, string via, CancellationToken cancellationToken);
}
