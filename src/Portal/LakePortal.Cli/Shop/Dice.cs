namespace LakePortal.Cli.Shop;

/// <summary>SplitMix64: the same seed gives the same numbers on every version of the runtime, and a stream per object costs nothing to start.</summary>
internal struct Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A stream of its own for one object of a kind.</summary>
    public static Dice For(ulong seed, ulong kind, long id) => new(Mix(seed ^ (kind * 0x9E3779B97F4A7C15) ^ ((ulong)id * 0xD1342543DE82EF95)));

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    /// <summary>From 0 inclusive to 1 exclusive.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public int Below(int count) => (int)((UInt128)Next() * (ulong)count >> 64);

    /// <summary>Both ends inclusive.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    public bool Chance(double probability) => Unit() < probability;

    public T Pick<T>(T[] items) => items[Below(items.Length)];

    /// <summary>Many small, few large: an index whose weight falls with its square root.</summary>
    public int Skewed(int count)
    {
        var u = Unit();
        return Math.Min(count - 1, (int)(u * u * count));
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
