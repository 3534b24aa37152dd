using System.Security.Cryptography;
using LakePortal.Kernel.Hosting;

namespace LakePortal.Governance.Secrets;

/// <summary>The key above all secrets: from <c>LAKE_MASTER_KEY</c> (base64, 32 bytes), else from <c>&lt;data&gt;/master.key</c>, made at first use.</summary>
internal sealed class MasterKey(LakePaths paths)
{
    public const string Variable = "LAKE_MASTER_KEY";
    private const int Length = 32;
    private readonly Lazy<byte[]> _key = new(() => Load(paths));

    public byte[] Bytes => _key.Value;

    /// <summary>Tells keys apart without telling the key.</summary>
    public string Id => Convert.ToHexStringLower(HMACSHA256.HashData(Bytes, "lakeportal master key id"u8))[..16];

    private static byte[] Load(LakePaths paths)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
        {
            return Decode(given, $"The environment variable {Variable}");
        }

        if (!File.Exists(paths.MasterKey))
        {
            PrivateFile.Write(paths.MasterKey, Convert.ToBase64String(RandomNumberGenerator.GetBytes(Length)) + "\n");
        }

        return Decode(File.ReadAllText(paths.MasterKey).Trim(), paths.MasterKey);
    }

    private static byte[] Decode(string text, string where)
    {
        var bytes = new byte[Length + 1];
        return Convert.TryFromBase64String(text, bytes, out var length) && length == Length
            ? bytes[..Length]
            : throw new MasterKeyException($"{where} is not a key: base64 of {Length} bytes is expected.", "Make one with: openssl rand -base64 32");
    }
}
