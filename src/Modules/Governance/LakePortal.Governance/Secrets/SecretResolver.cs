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

    private async Task<string> ValueAsync(string type, string name, CancellationToken cancellationToken)
    {
        if (type == "secret")
        {
            return await vault.FindAsync(name, cancellationToken)
                ?? throw new SecretMissingException($"${{secret:{name}}}", $"Store it: PUT /api/v1/secrets/{name}, or the Secrets page.");
        }

        // A source's password is sent to a host of the configuration's choosing: our own keys must not be readable that way.
        if (name.StartsWith("LAKE_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("ControlDatabase", StringComparison.OrdinalIgnoreCase))
        {
            throw new SecretMissingException($"${{env:{name}}}", "The portal's own variables cannot be used in configuration.");
        }

        return Environment.GetEnvironmentVariable(name)
            ?? throw new SecretMissingException($"${{env:{name}}}", $"Set the environment variable {name} for the portal's process, or use ${{secret:…}}.");
    }

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
