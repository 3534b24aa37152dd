using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Identity;

namespace LakePortal.Governance.Identity.Roles;

internal sealed class CallerFactory(RoleCatalog roles)
{
    public async Task<Caller> CreateAsync(UserRow user, string via, CancellationToken cancellationToken)
    {
        var own = await roles.ReadOwnAsync(cancellationToken);
        var groups = Names.Read(user.Groups).ToHashSet(StringComparer.Ordinal);
        var held = RoleCatalog.Expand(user.Name, Names.Read(user.Roles), groups, own);
        return new Caller(user.Name, held, groups, RoleCatalog.PermissionsOf(held, own), via);
    }
}
