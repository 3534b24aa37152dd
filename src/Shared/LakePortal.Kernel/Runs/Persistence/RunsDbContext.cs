using LakePortal.Kernel.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Kernel.Runs.Persistence;

internal sealed class RunsDbContext(DbContextOptions<RunsDbContext> options) : ModuleDbContext(options)
{
    public DbSet<RunRow> Runs => Set<RunRow>();

    public DbSet<RunLogRow> LogLines => Set<RunLogRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<RunRow>(run =>
        {
            run.ToTable("kernel_runs");
            run.HasKey(r => r.Id);
            run.HasIndex(r => new { r.Kind, r.Name, r.Id });
            run.HasIndex(r => r.State);
        });
        modelBuilder.Entity<RunLogRow>(line =>
        {
            line.ToTable("kernel_run_log");
            line.HasKey(l => new { l.RunId, l.Sequence });
        });
        base.OnModelCreating(modelBuilder);
    }
}

internal sealed class DesignTimeRunsDb() : DesignTimeModuleDb<RunsDbContext>("kernel");

internal sealed class RunRow
{
    public required string Id { get; init; }

    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required RunState State { get; set; }

    public required string Trigger { get; init; }

    public required string StartedBy { get; init; }

    public string? ParentId { get; init; }

    /// <summary>The node that does the work: after its restart, what it left running is over.</summary>
    public required string Node { get; init; }

    public required DateTimeOffset QueuedAt { get; init; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    public string? Progress { get; set; }

    public string? Error { get; set; }

    public string? Result { get; set; }
}

internal sealed class RunLogRow
{
    public required string RunId { get; init; }

    public required long Sequence { get; init; }

    public required DateTimeOffset At { get; init; }

    public required RunLogLevel Level { get; init; }

    public string? Task { get; init; }

    public required string Message { get; init; }
}
