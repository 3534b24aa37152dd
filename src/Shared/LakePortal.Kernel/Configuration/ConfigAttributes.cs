namespace LakePortal.Kernel.Configuration;

/// <summary>The key of a property, or the text of an enum value, when it is not the name in snake_case (keys) or kebab-case (values).</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter | AttributeTargets.Field)]
public sealed class ConfigNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>A number of bytes, written <c>512</c>, <c>64KB</c>, <c>64MB</c>, <c>1GB</c> (powers of 1024; <c>KiB</c> … also).</summary>
public readonly record struct ByteSize(long Bytes)
{
    private static readonly (string Unit, long Factor)[] Units = [("GB", 1L << 30), ("MB", 1L << 20), ("KB", 1L << 10), ("B", 1)];

    public static bool TryParse(string text, out ByteSize size)
    {
        ArgumentNullException.ThrowIfNull(text);
        size = default;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var unit = text[digits..].Trim().Replace("iB", "B", StringComparison.Ordinal).ToUpperInvariant();
        var factor = unit.Length == 0 ? 1 : Units.FirstOrDefault(u => u.Unit == unit).Factor;
        if (factor == 0 || !long.TryParse(text[..digits], System.Globalization.CultureInfo.InvariantCulture, out var number) || number > long.MaxValue / factor)
        {
            return false;
        }

        size = new ByteSize(number * factor);
        return true;
    }

    public override string ToString()
    {
        var bytes = Bytes;
        var (unit, factor) = bytes == 0 ? ("B", 1) : Units.First(u => bytes % u.Factor == 0);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / factor}{unit}");
    }
}

/// <summary>Durations as they are written in configuration: <c>200ms</c>, <c>30s</c>, <c>15m</c>, <c>2h</c>, <c>7d</c>.</summary>
public static class Duration
{
    private static readonly (string Unit, long Ticks)[] Units =
        [("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond)];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(text);
        duration = default;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var ticks = Units.FirstOrDefault(u => u.Unit == text[digits..].Trim()).Ticks;
        if (ticks == 0 || !long.TryParse(text[..digits], System.Globalization.CultureInfo.InvariantCulture, out var number) || number > long.MaxValue / ticks)
        {
            return false;
        }

        duration = new TimeSpan(number * ticks);
        return true;
    }

    public static string Format(TimeSpan duration)
    {
        var (unit, ticks) = duration == TimeSpan.Zero ? ("s", 1) : Units.First(u => duration.Ticks % u.Ticks == 0 || u.Unit == "ms");
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{duration.Ticks / ticks}{unit}");
    }
}
