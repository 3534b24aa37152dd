using System.Security.Cryptography;
using System.Text;

namespace LakePortal.Governance.Secrets;

/// <summary>AES-256-GCM: nonce (12), tag (16), ciphertext. What it belongs to is authenticated along, so rows cannot be swapped.</summary>
internal static class Envelope
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    public static byte[] Seal(byte[] key, byte[] plain, string belongsTo)
    {
        var sealedBytes = new byte[NonceLength + TagLength + plain.Length];
        var span = sealedBytes.AsSpan();
        RandomNumberGenerator.Fill(span[..NonceLength]);
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(span[..NonceLength], plain, span[(NonceLength + TagLength)..], span.Slice(NonceLength, TagLength), Encoding.UTF8.GetBytes(belongsTo));
        return sealedBytes;
    }

    /// <exception cref="AuthenticationTagMismatchException">Another key, or changed bytes.</exception>
    public static byte[] Open(byte[] key, byte[] sealedBytes, string belongsTo)
    {
        var span = sealedBytes.AsSpan();
        var plain = new byte[span.Length - NonceLength - TagLength];
        using var aes = new AesGcm(key, TagLength);
        aes.Decrypt(span[..NonceLength], span[(NonceLength + TagLength)..], span.Slice(NonceLength, TagLength), plain, Encoding.UTF8.GetBytes(belongsTo));
        return plain;
    }
}
