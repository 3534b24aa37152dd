using System.Buffers.Binary;
using System.Numerics;

namespace LakePortal.Iceberg.Values;

/// <summary>Murmur3, x86 32-bit variant, seed 0: the hash of the bucket transform.</summary>
internal static class Murmur3
{
    private const uint C1 = 0xcc9e2d51;
    private const uint C2 = 0x1b873593;

    public static int Hash(ReadOnlySpan<byte> data)
    {
        uint h = 0;
        var rest = data;
        while (rest.Length >= 4)
        {
            h ^= Mix(BinaryPrimitives.ReadUInt32LittleEndian(rest));
            h = (BitOperations.RotateLeft(h, 13) * 5) + 0xe6546b64;
            rest = rest[4..];
        }

        if (rest.Length > 0)
        {
            uint tail = 0;
            for (var i = rest.Length - 1; i >= 0; i--)
            {
                tail = (tail << 8) | rest[i];
            }

            h ^= Mix(tail);
        }

        h ^= (uint)data.Length;
        h = (h ^ (h >> 16)) * 0x85ebca6b;
        h = (h ^ (h >> 13)) * 0xc2b2ae35;
        return (int)(h ^ (h >> 16));
    }

    private static uint Mix(uint k) => BitOperations.RotateLeft(k * C1, 15) * C2;
}
