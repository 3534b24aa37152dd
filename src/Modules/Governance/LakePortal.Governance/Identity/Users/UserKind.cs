using System.Text.Json.Nodes;
using LakePortal.Governance.Identity.Roles;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Messaging;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Identity.Users;

/// <summary>A <c>kind: user</c> document. Passwords are never part of it: a new user signs in after an administrator reset the password.</summary>
internal sealed record UserDocument(string Name, IReadOnlyList<string> Roles, IReadOnlyList<string>? Groups = null, bool Disabled = false);

internal sealed class UserKind(
    IDbContextFactory<GovernanceDbContext> databases, UserStore users, RoleCatalog catalog, IPlannedDocuments planned, IChangeFeed feed) : IConfigurationKind
{
    public string Kind => "user";

    public int Order => 6;

    public string WritePermission => Permissions.UsersWrite;

    public string ReadPermission => Permissions.UsersRead;

    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var user = ConfigBinder.Bind<UserDocument>(document);
        List<InputFault> faults = [];
        if (!Names.IsValid(user.Name) || user.Name is "system" or "anonymous" or "unknown")
        {
            faults.Add(ConfigBinder.Fault(document, "name", $"'{user.Name}' is not a valid user name.", Names.Rule));
        }

        var known = BuiltInRoles.All.Keys.Concat((await catalog.ReadOwnAsync(cancellationToken)).Keys)
            .Concat(planned.OfKind("role").Select(d => d.Name).OfType<string>()).ToHashSet(StringComparer.Ordinal);
        foreach (var (role, i) in user.Roles.Select((r, i) => (r, i)).Where(r => !known.Contains(r.r)))
        {
            faults.Add(ConfigBinder.Fault(document, $"roles[{i}]", $"There is no role '{role}'.", Suggestion.For(role, known)));
        }

        if (faults.Count > 0)
        {
            throw ConfigBinder.Invalid(document, faults);
        }

        return [ConfigDiff.Plan(Kind, user.Name, await ExportAsync(user.Name, cancellationToken), Normal(user))];
    }

    public async Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var user = ConfigBinder.Bind<UserDocument>(document);
        await users.SaveAsync(user.Name, user.Roles, user.Groups ?? [], user.Disabled, create: true, cancellationToken);
        feed.Publish("users");
    }

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return [.. (await database.Users.Select(u => u.Name).ToListAsync(cancellationToken)).Order(StringComparer.Ordinal)];
    }

    public async Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Users.AsNoTracking().FirstOrDefaultAsync(u => u.Name == name, cancellationToken);
        return row is null ? null : Normal(new UserDocument(row.Name, Names.Read(row.Roles), Names.Read(row.Groups), row.IsDisabled));
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await users.DeleteAsync(name, cancellationToken);
        feed.Publish("users");
    }

    // Roles and groups are sets: their order is no difference.
    private static JsonObject Normal(UserDocument user) => ConfigBinder.ToJson(user with
    {
        Roles = [.. user.Roles.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
        Groups = [.. (user.Groups ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
    });
}
