using LakePortal.Ingestion.Reconciliation.Running;
using LakePortal.Kernel.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Ingestion.Store;

internal sealed class IngestionDbContext(DbContextOptions<IngestionDbContext> options) : ModuleDbContext(options)
{
    public DbSet<SourceRow> Sources => Set<SourceRow>();

    public DbSet<SyncRow> Syncs => Set<SyncRow>();

    public DbSet<LoadRow> Loads => Set<LoadRow>();

    public DbSet<ChunkRow> Chunks => Set<ChunkRow>();

    public DbSet<RunDetailRow> RunDetails => Set<RunDetailRow>();

    public DbSet<ReconciliationRow> Reconciliations => Set<ReconciliationRow>();

    public DbSet<ReconciliationRangeRow> ReconciliationRanges => Set<ReconciliationRangeRow>();

    public DbSet<ReconciliationDifferenceRow> ReconciliationDifferences => Set<ReconciliationDifferenceRow>();

    public DbSet<VerifiedRow> Verified => Set<VerifiedRow>();

    public DbSet<CaptureRow> Captures => Set<CaptureRow>();

    public DbSet<CaptureTableRow> CaptureTables => Set<CaptureTableRow>();

    public DbSet<CaptureEventRow> CaptureEvents => Set<CaptureEventRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<SourceRow>(source =>
        {
            source.ToTable("ingestion_sources");
            source.HasKey(s => s.Name);
        });
        modelBuilder.Entity<SyncRow>(sync =>
        {
            sync.ToTable("ingestion_syncs");
            sync.HasKey(s => s.Name);
            sync.HasIndex(s => s.Source);
        });
        modelBuilder.Entity<LoadRow>(load =>
        {
            load.ToTable("ingestion_loads");
            load.HasKey(l => l.Sync);
        });
        modelBuilder.Entity<ChunkRow>(chunk =>
        {
            chunk.ToTable("ingestion_chunks");
            chunk.HasKey(c => new { c.LoadId, c.Number });
            chunk.HasIndex(c => c.Sync);
        });
        modelBuilder.Entity<RunDetailRow>(detail =>
        {
            detail.ToTable("ingestion_run_details");
            detail.HasKey(d => d.RunId);
            detail.HasIndex(d => d.Sync);
        });
        modelBuilder.Entity<ReconciliationRow>(run =>
        {
            run.ToTable("ingestion_reconciliations");
            run.HasKey(r => r.RunId);
            run.HasIndex(r => r.Sync);
        });
        modelBuilder.Entity<ReconciliationRangeRow>(range =>
        {
            range.ToTable("ingestion_reconciliation_ranges");
            range.HasKey(r => new { r.RunId, r.Number });
        });
        modelBuilder.Entity<ReconciliationDifferenceRow>(difference =>
        {
            difference.ToTable("ingestion_reconciliation_differences");
            difference.HasKey(d => new { d.RunId, d.Number });
        });
        modelBuilder.Entity<VerifiedRow>(verified =>
        {
            verified.ToTable("ingestion_verified");
            verified.HasKey(v => v.Sync);
        });
        modelBuilder.Entity<CaptureRow>(capture =>
        {
            capture.ToTable("ingestion_captures");
            capture.HasKey(c => c.Source);
        });
        modelBuilder.Entity<CaptureTableRow>(table =>
        {
            table.ToTable("ingestion_capture_tables");
            table.HasKey(t => t.Sync);
            table.HasIndex(t => t.Source);
        });
        modelBuilder.Entity<CaptureEventRow>(happened =>
        {
            happened.ToTable("ingestion_capture_events");
            happened.HasKey(e => e.Id);
            happened.HasIndex(e => new { e.Source, e.At });
        });
        base.OnModelCreating(modelBuilder);
    }
}

internal sealed class DesignTimeIngestionDb() : DesignTimeModuleDb<IngestionDbContext>("ingestion");
