using System.Security.Claims;
using LakePortal.Kernel.Identity;

namespace LakePortal.Portal.Hosting.Identity;

/// <summary>The caller in the shape that ASP.NET Core and Blazor pass along: endpoints, circuits and policies get it from their user.</summary>
internal sealed class CallerPrincipal : ClaimsPrincipal
{
    public const string StampClaim = "lakeportal.stamp";

    public CallerPrincipal(Caller caller, string scheme, string? sessionStamp, bool mustChangePassword)
        : base(NewIdentity(caller, scheme, sessionStamp))
    {
        Caller = caller;
        SessionStamp = sessionStamp;
        MustChangePassword = mustChangePassword;
    }

    public Caller Caller { get; }

    /// <summary>Null for tokens.</summary>
    public string? SessionStamp { get; }

    public bool MustChangePassword { get; }

    // Only these go into the cookie; what the user may do is looked up again on every request.
    private static ClaimsIdentity NewIdentity(Caller caller, string scheme, string? stamp)
    {
        List<Claim> claims = [new(ClaimTypes.Name, caller.User), new(ClaimTypes.NameIdentifier, caller.User)];
        if (stamp is not null)
        {
            claims.Add(new Claim(StampClaim, stamp));
        }

        return new ClaimsIdentity(claims, scheme);
    }
}
