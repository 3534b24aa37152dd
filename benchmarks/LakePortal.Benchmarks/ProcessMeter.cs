using System.Globalization;

namespace LakePortal.Benchmarks;

/// <summary>What the kernel knows about another process.</summary>
internal static class ProcessMeter
{
    // USER_HZ, fixed at 100 on Linux's ABI.
    private const double TicksPerSecond = 100;

    public static double CpuSeconds(int processId)
    {
        var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
        // The command's name may hold spaces and brackets: fields are counted after its end.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    public static double PeakMegabytes(int processId)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/status")).First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
