using LakePortal.Kernel.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Processing.Storage;

internal sealed class ProcessingDbContext(DbContextOptions<ProcessingDbContext> options) : ModuleDbContext(options)
{
    public DbSet<PipelineRow> Pipelines => Set<PipelineRow>();

    public DbSet<PipelineRunRow> Runs => Set<PipelineRunRow>();

    public DbSet<TaskRunRow> Tasks => Set<TaskRunRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<PipelineRow>(pipeline =>
        {
            pipeline.ToTable("processing_pipelines");
            pipeline.HasKey(p => p.Name);
        });
        modelBuilder.Entity<PipelineRunRow>(run =>
        {
            run.ToTable("processing_pipeline_runs");
            run.HasKey(r => r.RunId);
            run.HasIndex(r => new { r.Pipeline, r.RunId });
            run.HasIndex(r => r.IsFinished);
        });
        modelBuilder.Entity<TaskRunRow>(task =>
        {
            task.ToTable("processing_task_runs");
            task.HasKey(t => new { t.RunId, t.Task });
        });
        base.OnModelCreating(modelBuilder);
    }
}

internal sealed class DesignTimeProcessingDb() : DesignTimeModuleDb<ProcessingDbContext>("processing");
