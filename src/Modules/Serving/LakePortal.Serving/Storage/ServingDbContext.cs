using LakePortal.Kernel.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Serving.Storage;

internal sealed class ServingDbContext(DbContextOptions<ServingDbContext> options) : ModuleDbContext(options)
{
    public DbSet<CatalogTableRow> CatalogTables => Set<CatalogTableRow>();

    public DbSet<QueryHistoryRow> History => Set<QueryHistoryRow>();

    public DbSet<SavedQueryRow> SavedQueries => Set<SavedQueryRow>();

    public DbSet<DashboardRow> Dashboards => Set<DashboardRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<CatalogTableRow>(table =>
        {
            table.ToTable("serving_catalog_tables");
            table.HasKey(t => new { t.Namespace, t.Name });
        });
        modelBuilder.Entity<QueryHistoryRow>(entry =>
        {
            entry.ToTable("serving_query_history");
            entry.HasKey(e => e.QueryId);
            entry.HasIndex(e => new { e.User, e.Sequence });
        });
        modelBuilder.Entity<SavedQueryRow>(query =>
        {
            query.ToTable("serving_saved_queries");
            query.HasKey(q => q.Name);
        });
        modelBuilder.Entity<DashboardRow>(dashboard =>
        {
            dashboard.ToTable("serving_dashboards");
            dashboard.HasKey(d => d.Name);
        });
        base.OnModelCreating(modelBuilder);
    }
}

internal sealed class DesignTimeServingDb() : DesignTimeModuleDb<ServingDbContext>("serving");
