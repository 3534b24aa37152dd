using System.Text.Json.Nodes;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Messaging;

namespace LakePortal.Governance.Secrets;

/// <summary>Declares that a secret has to be there. Its value never comes from a file.</summary>
internal sealed class SecretKind(SecretVault vault) : IConfigurationKind
{
    private sealed record Document(string Name);

    public string Kind => "secret";

    public int Order => 0;

    public string WritePermission => Permissions.SecretsWrite;

    public string ReadPermission => Permissions.SecretsWrite;

    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        if (document.Content.ContainsKey("value"))
        {
            throw ConfigBinder.Invalid(document, [ConfigBinder.Fault(
                document, "value", "The value of a secret does not belong into a document.", "Remove the key, and store the value: ./lake secret set <name> asks for it.")]);
        }

        var secret = ConfigBinder.Bind<Document>(document);
        return (await ListAsync(cancellationToken)).Contains(secret.Name)
            ? [new PlannedChange(Kind, secret.Name, ChangeAction.Unchanged, [])]
            : throw ConfigBinder.Invalid(document, [ConfigBinder.Fault(
                document, "name", $"The secret '{secret.Name}' has no value yet.", $"Store it first: ./lake secret set {secret.Name} asks for it.")]);
    }

    public Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await vault.ListAsync(cancellationToken)).Select(s => s.Name)];

    public async Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).Contains(name) ? new JsonObject { ["name"] = name } : null;

    public Task DeleteAsync(string name, CancellationToken cancellationToken) => vault.DeleteAsync(name, cancellationToken);
}
