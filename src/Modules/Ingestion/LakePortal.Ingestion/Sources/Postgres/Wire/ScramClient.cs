using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LakePortal.Ingestion.Sources.Postgres.Wire;

/// <summary>The client's side of SCRAM-SHA-256 (RFC 5802 and 7677) without channel binding. One exchange per instance.</summary>
/// <param name="password">ASCII, which needs no preparation.</param>
/// <param name="nonce">Printable, unique for each exchange.</param>
internal sealed class ScramClient(string password, string nonce)
{
    public const string Mechanism = "SCRAM-SHA-256";

    private const int MostIterations = 10_000_000;

    private byte[]? _expected;

    /// <summary>The user name is empty: PostgreSQL takes the one of the start-up message.</summary>
    private string FirstBare => $"n=,r={nonce}";

    public bool IsVerified { get; private set; }

    public static string NewNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));

    public string First() => $"n,,{FirstBare}";

    /// <param name="serverFirst">r=…,s=…,i=…</param>
    public string Final(string serverFirst)
    {
        var parts = Parts(serverFirst);
        var salt = Convert.FromBase64String(parts.GetValueOrDefault('s', ""));
        if (!parts.TryGetValue('r', out var both) || !both.StartsWith(nonce, StringComparison.Ordinal) || both.Length == nonce.Length || salt.Length == 0
            || !int.TryParse(parts.GetValueOrDefault('i'), NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) || iterations is < 1 or > MostIterations)
        {
            throw new SourceProtocolException("The server's first SCRAM message is not valid.");
        }

        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.ASCII.GetBytes(password), salt, iterations, HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var withoutProof = $"c=biws,r={both}";
        var signed = Encoding.UTF8.GetBytes($"{FirstBare},{serverFirst},{withoutProof}");
        var proof = HMACSHA256.HashData(SHA256.HashData(clientKey), signed);
        for (var i = 0; i < proof.Length; i++)
        {
            proof[i] ^= clientKey[i];
        }

        _expected = HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), signed);
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    /// <summary>The server proves that it knows the password too.</summary>
    public void Verify(string serverFinal)
    {
        if (_expected is null || !CryptographicOperations.FixedTimeEquals(Convert.FromBase64String(Parts(serverFinal).GetValueOrDefault('v', "")), _expected))
        {
            throw new SourceProtocolException("The server does not know the password that it asked for: it may be somebody else's.");
        }

        IsVerified = true;
    }

    private static Dictionary<char, string> Parts(string message) =>
        message.Split(',').Where(p => p.Length >= 2 && p[1] == '=').GroupBy(p => p[0]).ToDictionary(g => g.Key, g => g.First()[2..]);
}

/// <summary>PostgreSQL's md5 answer: <c>md5(md5(password + user) + salt)</c>.</summary>
internal static class Md5Answer
{
    [SuppressMessage("Security", "CA5351", Justification = "The protocol of servers that still store md5 passwords.")]
    public static string Of(string user, string password, ReadOnlySpan<byte> salt)
    {
        var inner = Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(password + user)));
        return "md5" + Convert.ToHexStringLower(MD5.HashData([.. Encoding.ASCII.GetBytes(inner), .. salt]));
    }
}
