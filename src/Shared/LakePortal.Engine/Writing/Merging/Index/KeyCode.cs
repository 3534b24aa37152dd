using System.Runtime.InteropServices;

namespace LakePortal.Engine.Writing.Merging.Index;

/// <summary>A key as 16 bytes: itself when it fits (<see cref="KeyCoding.IsExact"/>), else a hash.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct KeyCode(ulong Low, ulong High)
{
    /// <summary>Spreads the codes evenly; its upper bits choose the bucket.</summary>
    public ulong Place
    {
        get
        {
            var x = Low ^ Mix(High + 0x9E3779B97F4A7C15);
            return Mix(x);
        }
    }

    // The finalizer of MurmurHash3: every bit of the input changes half of the output's.
    private static ulong Mix(ulong x)
    {
        x ^= x >> 33;
        x *= 0xFF51AFD7ED558CCD;
        x ^= x >> 33;
        x *= 0xC4CEB9FE1A85EC53;
        return x ^ (x >> 33);
    }
}
