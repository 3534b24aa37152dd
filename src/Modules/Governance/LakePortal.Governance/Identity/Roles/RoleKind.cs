using System.Text.Json.Nodes;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.Roles;

internal sealed class RoleKind(IDbContextFactory<GovernanceDbContext> databases, RoleCatalog catalog, IPlannedDocuments planned) : IConfigurationKind
{
    public string Kind => "role";

    public int Order => 5;

    public string WritePermission => Permissions.UsersWrite;

    public string ReadPermission => Permissions.UsersRead;

    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var role = ConfigBinder.Bind<RoleDocument>(document);
        var own = await catalog.ReadOwnAsync(cancellationToken);
        List<InputFault> faults = [];
        if (!Names.IsValid(role.Name))
        {
            faults.Add(ConfigBinder.Fault(document, "name", $"'{role.Name}' is not a valid name.", Names.Rule));
        }

        if (BuiltInRoles.All.ContainsKey(role.Name))
        {
            faults.Add(ConfigBinder.Fault(document, "name", $"The role '{role.Name}' is built in and cannot be changed.", "Choose another name; a role may contain built-in ones: roles: [analyst]."));
        }

        foreach (var (permission, i) in (role.Permissions ?? []).Select((p, i) => (p, i)).Where(p => !Permissions.All.Contains(p.p)))
        {
            faults.Add(ConfigBinder.Fault(document, $"permissions[{i}]", $"There is no permission '{permission}'.", Suggestion.For(permission, Permissions.All) ?? $"Permissions: {string.Join(", ", Permissions.All)}."));
        }

        var known = BuiltInRoles.All.Keys.Concat(own.Keys).Concat(planned.OfKind("role").Select(d => d.Name).OfType<string>()).ToHashSet(StringComparer.Ordinal);
        foreach (var (inner, i) in (role.Roles ?? []).Select((r, i) => (r, i)).Where(r => !known.Contains(r.r)))
        {
            faults.Add(ConfigBinder.Fault(document, $"roles[{i}]", $"There is no role '{inner}'.", Suggestion.For(inner, known)));
        }

        if (faults.Count > 0)
        {
            throw ConfigBinder.Invalid(document, faults);
        }

        return [ConfigDiff.Plan(Kind, role.Name, own.TryGetValue(role.Name, out var before) ? ConfigBinder.ToJson(before) : null, ConfigBinder.ToJson(role))];
    }

    public async Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var role = ConfigBinder.Bind<RoleDocument>(document);
        var json = ConfigBinder.ToJson(role).ToJsonString();
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        if (await database.Roles.FirstOrDefaultAsync(r => r.Name == role.Name, cancellationToken) is { } row)
        {
            row.Document = json;
        }
        else
        {
            database.Roles.Add(new RoleRow { Name = role.Name, Document = json });
        }

        await database.SaveChangesAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await catalog.ReadOwnAsync(cancellationToken)).Keys.Order(StringComparer.Ordinal)];

    public async Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken) =>
        (await catalog.ReadOwnAsync(cancellationToken)).TryGetValue(name, out var role) ? ConfigBinder.ToJson(role) : null;

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        if (BuiltInRoles.All.ContainsKey(name))
        {
            throw new BuiltInRoleException(name);
        }

        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.Roles.Where(r => r.Name == name).ExecuteDeleteAsync(cancellationToken);
    }
}
