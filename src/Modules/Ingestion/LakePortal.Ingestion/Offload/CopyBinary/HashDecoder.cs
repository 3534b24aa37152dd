using System.Security.Cryptography;
using LakePortal.Engine.Native;

namespace LakePortal.Ingestion.Offload.CopyBinary;

/// <summary>Replaces a value (sent as text) by its keyed hash, HMAC-SHA-256 in lower-case hex: equal values stay equal, and nobody without the key can try values out.</summary>
internal sealed class HashDecoder(byte[] key) : ColumnDecoder
{
    public override void Decode(VectorWriter target, int row, ReadOnlySpan<byte> value)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        _ = HMACSHA256.HashData(key, value, hash);
        Span<byte> hex = stackalloc byte[HMACSHA256.HashSizeInBytes * 2];
        for (var i = 0; i < hash.Length; i++)
        {
            hex[i * 2] = "0123456789abcdef"u8[hash[i] >> 4];
            hex[(i * 2) + 1] = "0123456789abcdef"u8[hash[i] & 15];
        }

        target.WriteVarchar(row, hex);
    }
}
