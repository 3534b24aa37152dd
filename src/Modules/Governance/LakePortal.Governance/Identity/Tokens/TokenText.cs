using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace LakePortal.Governance.Identity.Tokens;

/// <summary><c>lake_&lt;id&gt;_&lt;secret&gt;</c>: recognisable for secret scanners, the id findable without the secret.</summary>
internal readonly record struct TokenText(string Id, string Secret)
{
    private const string Prefix = "lake_";
    private const int IdLength = 12;
    private const int SecretLength = 64;

    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Secret)));

    public static TokenText New() => new(
        RandomNumberGenerator.GetHexString(IdLength, lowercase: true), RandomNumberGenerator.GetHexString(SecretLength, lowercase: true));

    public static bool TryParse([NotNullWhen(true)] string? text, out TokenText token)
    {
        token = default;
        if (text is null || text.Length != Prefix.Length + IdLength + 1 + SecretLength || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || text[Prefix.Length + IdLength] != '_' || !text.AsSpan(Prefix.Length).ToString().All(c => c == '_' || char.IsAsciiHexDigitLower(c)))
        {
            return false;
        }

        token = new TokenText(text.Substring(Prefix.Length, IdLength), text[^SecretLength..]);
        return true;
    }

    public bool Matches(string hash) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash), Encoding.ASCII.GetBytes(hash));

    public string Reveal() => $"{Prefix}{Id}_{Secret}";

    public override string ToString() => $"{Prefix}{Id}_…";
}
