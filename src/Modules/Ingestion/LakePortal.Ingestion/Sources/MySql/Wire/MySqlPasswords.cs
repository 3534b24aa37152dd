using System.Security.Cryptography;
using System.Text;

namespace LakePortal.Ingestion.Sources.MySql.Wire;

/// <summary>Proofs of knowing a password, by the server's authentication plug-ins.</summary>
internal static class MySqlPasswords
{
    public const string Native = "mysql_native_password";
    public const string CachingSha2 = "caching_sha2_password";
    public const string Clear = "mysql_clear_password";

    /// <returns>Null: the plug-in is not spoken, or not over a connection that is not encrypted.</returns>
    public static byte[]? Answer(string plugin, string? password, ReadOnlySpan<byte> challenge, bool isEncrypted)
    {
        if (plugin is not (Native or CachingSha2) && !(plugin == Clear && isEncrypted))
        {
            return null;
        }

        if (string.IsNullOrEmpty(password))
        {
            return [];
        }

        var bytes = Encoding.UTF8.GetBytes(password);
        return plugin switch { Native => NativeOf(bytes, challenge), CachingSha2 => Sha2Of(bytes, challenge), _ => [.. bytes, 0] };
    }

    /// <summary>The password itself, for servers that do not have its hash at hand: readable by the holder of the server's private key only.</summary>
    public static byte[] Encrypted(string? password, ReadOnlySpan<byte> challenge, string publicKey)
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(password ?? ""), 0];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= challenge[i % challenge.Length];
        }

        using var rsa = RSA.Create();
        rsa.ImportFromPem(publicKey);
        return rsa.Encrypt(bytes, RSAEncryptionPadding.OaepSHA1);
    }

    // The plug-in is defined by SHA-1; it is still the default of MariaDB.
#pragma warning disable CA5350
    private static byte[] NativeOf(byte[] password, ReadOnlySpan<byte> challenge)
    {
        var once = SHA1.HashData(password);
        return Xor(once, SHA1.HashData([.. challenge, .. SHA1.HashData(once)]));
    }
#pragma warning restore CA5350

    private static byte[] Sha2Of(byte[] password, ReadOnlySpan<byte> challenge)
    {
        var once = SHA256.HashData(password);
        return Xor(once, SHA256.HashData([.. SHA256.HashData(once), .. challenge]));
    }

    private static byte[] Xor(byte[] left, byte[] right) => [.. left.Zip(right, (l, r) => (byte)(l ^ r))];
}
