using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Persistence;
using Quartz;

namespace LakePortal.Portal.Hosting.Health;

/// <param name="Name">database, scheduler, disk, modules.</param>
public sealed record HealthPart(string Name, bool Ok, string? Reason);

/// <summary>May this process be given work?</summary>
internal interface IReadiness
{
    /// <summary>Every part says why not.</summary>
    Task<IReadOnlyList<HealthPart>> CheckAsync(CancellationToken cancellationToken);

    /// <summary>Product and version of the control database: <c>SQLite 3.50.4</c>.</summary>
    Task<string> DatabaseVersionAsync(CancellationToken cancellationToken);
}

internal sealed class Readiness(ControlDatabase database, ISchedulerFactory schedulers, LakePaths paths, PortalOptions options) : IReadiness
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public bool ModulesStarted { get; set; }

    public bool IsStopping { get; set; }

    public async Task<IReadOnlyList<HealthPart>> CheckAsync(CancellationToken cancellationToken) =>
    [
        new("modules", ModulesStarted && !IsStopping, IsStopping ? "stopping" : ModulesStarted ? null : "starting"),
        await TryAsync("database", CheckDatabaseAsync, cancellationToken),
        await TryAsync("scheduler", CheckSchedulerAsync, cancellationToken),
        await TryAsync("disk", _ => Task.FromResult(CheckDisk()), cancellationToken),
    ];

    public async Task<string> DatabaseVersionAsync(CancellationToken cancellationToken)
    {
        await using var connection = database.CreateConnection("kernel");
        await connection.OpenAsync(cancellationToken);
        return $"{(database.IsPostgres ? "PostgreSQL" : "SQLite")} {connection.ServerVersion}";
    }

    private static async Task<HealthPart> TryAsync(string name, Func<CancellationToken, Task<string?>> check, CancellationToken cancellationToken)
    {
        try
        {
            var reason = await check(cancellationToken).WaitAsync(Patience, cancellationToken);
            return new HealthPart(name, reason is null, reason);
        }
        catch (TimeoutException)
        {
            return new HealthPart(name, false, $"no answer within {Patience.TotalSeconds} s");
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Anyone may ask: the type of the failure, not its text.
            return new HealthPart(name, false, $"failed ({error.GetType().Name})");
        }
    }

    private async Task<string?> CheckDatabaseAsync(CancellationToken cancellationToken)
    {
        await using var connection = database.CreateConnection("kernel");
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM kernel_runs WHERE \"Id\" = ''";
        await command.ExecuteScalarAsync(cancellationToken);
        return null;
    }

    private async Task<string?> CheckSchedulerAsync(CancellationToken cancellationToken)
    {
        var scheduler = await schedulers.GetScheduler(cancellationToken);
        return scheduler.Status == SchedulerStatus.Running ? null : scheduler.Status.ToString().ToLowerInvariant();
    }

    private string? CheckDisk()
    {
        var free = DiskSpace.Of(paths.Data).Free;
        return free >= options.MinFreeDiskBytes
            ? null
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{free >> 20} MB free, at least {options.MinFreeDiskBytes >> 20} MB needed");
    }
}

internal static class DiskSpace
{
    /// <summary>Of the volume that holds <paramref name="path"/>.</summary>
    public static (long Free, long Total) Of(string path)
    {
        var volume = DriveInfo.GetDrives()
            .Where(d => d.IsReady && path.StartsWith(d.RootDirectory.FullName, StringComparison.Ordinal))
            .MaxBy(d => d.RootDirectory.FullName.Length) ?? new DriveInfo("/");
        return (volume.AvailableFreeSpace, volume.TotalSize);
    }
}
