using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using LakePortal.Kernel.Hosting;

namespace LakePortal.Portal.Hosting;

/// <param name="ProcessorShare">Since the process started, of all processors: 0 to 1.</param>
/// <param name="DataPath">Where the lake and the control database are.</param>
public sealed record SystemSnapshot(
    string Version, string Runtime, string OperatingSystem, int Processors, DateTimeOffset StartedAt, double ProcessorShare, long WorkingSet,
    long MemoryLimit, long ManagedHeap, int Collections, int Threads, long PendingWork, string DataPath, long DiskFree, long DiskTotal);

/// <summary>What the process knows about itself and its disk.</summary>
public sealed class SystemFacts(TimeProvider time, LakePaths paths)
{
    public SystemSnapshot Read()
    {
        using var process = Process.GetCurrentProcess();
        var started = new DateTimeOffset(process.StartTime);
        var elapsed = Math.Max(0.001, (time.GetUtcNow() - started).TotalSeconds);
        var data = paths.Data;
        var drive = DriveOf(data);
        return new SystemSnapshot(
            Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown",
            RuntimeInformation.FrameworkDescription,
            RuntimeInformation.OSDescription,
            Environment.ProcessorCount,
            started,
            process.TotalProcessorTime.TotalSeconds / elapsed / Environment.ProcessorCount,
            process.WorkingSet64,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            GC.GetTotalMemory(false),
            GC.CollectionCount(2),
            ThreadPool.ThreadCount,
            ThreadPool.PendingWorkItemCount,
            data,
            drive?.AvailableFreeSpace ?? 0,
            drive?.TotalSize ?? 0);
    }

    /// <summary>The mounted volume with the longest path that leads to <paramref name="path"/>.</summary>
    private static DriveInfo? DriveOf(string path) => DriveInfo.GetDrives()
        .Where(d => d.IsReady && path.StartsWith(d.RootDirectory.FullName, StringComparison.Ordinal))
        .MaxBy(d => d.RootDirectory.FullName.Length);
}
