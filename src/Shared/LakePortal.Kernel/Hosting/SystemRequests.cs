using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Persistence;
using MediatR;

namespace LakePortal.Kernel.Hosting;

/// <summary>What the process knows about itself.</summary>
[RequiresPermission(Permissions.SystemRead)]
public sealed record GetSystem : IRequest<SystemInfo>;

/// <param name="MemoryBytes">Working set of the process.</param>
/// <param name="DiskFreeBytes">Of the volume that holds the data directory.</param>
/// <param name="ControlDatabase"><c>sqlite</c> or <c>postgres</c>.</param>
/// <param name="Node">Name of this installation among portals that share a control database.</param>
public sealed record SystemInfo(
    string Version, string Runtime, DateTimeOffset StartedAt, double UptimeSeconds, string DataDirectory, string Warehouse, string ControlDatabase, string Node,
    long MemoryBytes, long ManagedHeapBytes, double CpuSeconds, int Threads, long DiskFreeBytes, long DiskTotalBytes, IReadOnlyList<string> Modules);

internal sealed class GetSystemHandler(LakePaths paths, NodeIdentity node, ControlDatabase database, IReadOnlyList<IModule> modules, TimeProvider clock)
    : IRequestHandler<GetSystem, SystemInfo>
{
    public Task<SystemInfo> Handle(GetSystem request, CancellationToken cancellationToken)
    {
        using var process = Process.GetCurrentProcess();
        var started = new DateTimeOffset(process.StartTime);
        var volume = DriveInfo.GetDrives()
            .Where(d => d.IsReady && paths.Data.StartsWith(d.RootDirectory.FullName, StringComparison.Ordinal))
            .MaxBy(d => d.RootDirectory.FullName.Length) ?? new DriveInfo("/");
        var version = typeof(GetSystemHandler).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        return Task.FromResult(new SystemInfo(
            version, RuntimeInformation.FrameworkDescription, started.ToUniversalTime(), (clock.GetUtcNow() - started).TotalSeconds, paths.Data, paths.Warehouse,
            database.IsPostgres ? "postgres" : "sqlite", node.Id, process.WorkingSet64, GC.GetTotalMemory(false), process.TotalProcessorTime.TotalSeconds,
            process.Threads.Count, volume.AvailableFreeSpace, volume.TotalSize, [.. modules.Select(m => m.Name)]));
    }
}
