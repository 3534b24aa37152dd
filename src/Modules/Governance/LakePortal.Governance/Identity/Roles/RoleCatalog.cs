using System.Text.Json.Nodes;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Configuration;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.Roles;

/// <summary>A <c>kind: role</c> document.</summary>
/// <param name="Users">Users that hold it, besides those to whom it is given one by one.</param>
/// <param name="Groups">Groups whose members hold it.</param>
/// <param name="Roles">Roles that it contains: whoever holds this one holds those.</param>
internal sealed record RoleDocument(
    string Name,
    string? Description = null,
    IReadOnlyList<string>? Permissions = null,
    IReadOnlyList<string>? Users = null,
    IReadOnlyList<string>? Groups = null,
    IReadOnlyList<string>? Roles = null);

internal sealed class RoleCatalog(IDbContextFactory<GovernanceDbContext> databases)
{
    /// <summary>Roles that were defined here, without the built-in ones.</summary>
    public async Task<IReadOnlyDictionary<string, RoleDocument>> ReadOwnAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Roles.AsNoTracking().ToListAsync(cancellationToken);
        return rows.Select(r => Parse(r.Document)).ToDictionary(r => r.Name, StringComparer.Ordinal);
    }

    public static RoleDocument Parse(string json) => ConfigBinder.Bind<RoleDocument>(
        new ConfigDocument("role", JsonNode.Parse(json)!.AsObject(), null, new Dictionary<string, TextPosition>()));

    /// <summary>All roles that follow from those given directly, by name, by group and by nesting. Cycles end by themselves.</summary>
    public static HashSet<string> Expand(
        string user, IEnumerable<string> given, IReadOnlyCollection<string> groups, IReadOnlyDictionary<string, RoleDocument> own)
    {
        var held = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(given.Concat(own.Values
            .Where(r => (r.Users ?? []).Contains(user, StringComparer.Ordinal) || (r.Groups ?? []).Intersect(groups, StringComparer.Ordinal).Any())
            .Select(r => r.Name)));
        while (open.TryPop(out var role))
        {
            if ((BuiltInRoles.All.ContainsKey(role) || own.ContainsKey(role)) && held.Add(role) && own.TryGetValue(role, out var document))
            {
                foreach (var inner in document.Roles ?? [])
                {
                    open.Push(inner);
                }
            }
        }

        return held;
    }

    public static HashSet<string> PermissionsOf(IEnumerable<string> roles, IReadOnlyDictionary<string, RoleDocument> own) =>
        roles.SelectMany(r => BuiltInRoles.All.TryGetValue(r, out var builtIn) ? builtIn.Permissions : own[r].Permissions ?? [])
            .ToHashSet(StringComparer.Ordinal);
}
