using System.Text;
using LakePortal.Kernel.Secrets;

namespace LakePortal.Governance.Secrets;

internal sealed class SecretResolver(SecretVault vault) : ISecretResolver
{
    public async Task<string> ResolveAsync(string text, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        var result = new StringBuilder();
        var at = 0;
        while (Next(text, at) is { } reference)
        {
            result.Append(text, at, reference.Start - at);
            result.Append(await ValueAsync(reference.Type, reference.Name, cancellationToken));
            at = reference.End;
        }

        return at == 0 ? text : result.Append(text, at, text.Length - at).ToString();
    }

    public async Task<IReadOnlyList<MissingReference>> FindMissingAsync(string text, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<MissingReference> missing = [];
        for (var at = 0; Next(text, at) is { } reference; at = reference.End)
        {
            var (_, _, type, name) = reference;
            if (type == "secret" ? !await vault.ExistsAsync(name, cancellationToken) : IsOwn(name) || Environment.GetEnvironmentVariable(name) is null)
            {
                missing.Add(new MissingReference($"${{{type}:{name}}}", Hint(type, name)));
            }
        }

        return missing;
    }

    private async Task<string> ValueAsync(string type, string name, CancellationToken cancellationToken)
    {
        var value = type == "secret" ? await vault.FindAsync(name, cancellationToken)
            : IsOwn(name) ? null
            : Environment.GetEnvironmentVariable(name);
        return value ?? throw new SecretMissingException($"${{{type}:{name}}}", Hint(type, name));
    }

    /// <summary>A source's password is sent to a host of the configuration's choosing: our own keys must not be readable that way.</summary>
    private static bool IsOwn(string variable) =>
        variable.StartsWith("LAKE_", StringComparison.OrdinalIgnoreCase) || variable.StartsWith("ControlDatabase", StringComparison.OrdinalIgnoreCase);

    private static string Hint(string type, string name) =>
        type == "secret" ? $"Store it with: ./lake secret set {name} (asks for the value), or on the Secrets page."
        : IsOwn(name) ? "The portal's own variables cannot be used in configuration."
        : $"Set the environment variable {name} for the portal's process, or use ${{secret:…}}.";

    /// <summary>The next well-formed reference; any other <c>${</c> is text.</summary>
    private static (int Start, int End, string Type, string Name)? Next(string text, int from)
    {
        for (var start = text.IndexOf("${", from, StringComparison.Ordinal); start >= 0; start = text.IndexOf("${", start + 2, StringComparison.Ordinal))
        {
            var end = text.IndexOf('}', start);
            if (end < 0)
            {
                return null;
            }

            var colon = text.IndexOf(':', start, end - start);
            if (colon > 0 && text[(start + 2)..colon] is ("secret" or "env") && colon + 1 < end)
            {
                return (start, end + 1, text[(start + 2)..colon], text[(colon + 1)..end]);
            }
        }

        return null;
    }
}
