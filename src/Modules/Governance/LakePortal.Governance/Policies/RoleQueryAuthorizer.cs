using LakePortal.Engine.Queries;
using LakePortal.Iceberg;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;

namespace LakePortal.Governance.Policies;

/// <summary>
/// Who may read what, by role alone: <c>tables.read</c> opens every table. Resource, row-filter and masking policies take this place
/// behind the same interface; the engine knows nothing else.
/// </summary>
internal sealed class RoleQueryAuthorizer(IAuditTrail trail) : IQueryAuthorizer
{
    private static readonly Dictionary<TableIdentifier, TableRestriction> Unrestricted = [];

    public async Task<AccessDecision> AuthorizeAsync(Caller caller, IReadOnlyList<TableUse> tables, CancellationToken cancellationToken)
    {
        var allowed = caller.Can(Permissions.TablesRead) || tables.Count == 0;
        if (tables.Count > 0)
        {
            await trail.RecordAsync(
                caller.User, caller.Via, "governance.read-tables", $"table/{string.Join(',', tables.Select(t => t.Table.ToString()).Order(StringComparer.Ordinal))}",
                allowed ? "ok" : "denied", allowed ? null : Permissions.TablesRead, CancellationToken.None);
        }

        return allowed
            ? new AccessDecision(true, null, Unrestricted)
            : new AccessDecision(false, $"You lack the permission '{Permissions.TablesRead}'.", Unrestricted);
    }

    public Task<IReadOnlyList<TableIdentifier>> VisibleAsync(Caller caller, IReadOnlyList<TableIdentifier> tables, CancellationToken cancellationToken) =>
        Task.FromResult(caller.Can(Permissions.TablesRead) ? tables : []);
}
