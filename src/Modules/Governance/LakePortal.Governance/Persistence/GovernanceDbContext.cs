using LakePortal.Kernel.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Persistence;

internal sealed class GovernanceDbContext(DbContextOptions<GovernanceDbContext> options) : ModuleDbContext(options)
{
    public DbSet<UserRow> Users => Set<UserRow>();

    public DbSet<RoleRow> Roles => Set<RoleRow>();

    public DbSet<TokenRow> Tokens => Set<TokenRow>();

    public DbSet<SignInFailureRow> SignInFailures => Set<SignInFailureRow>();

    public DbSet<SecretRow> Secrets => Set<SecretRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<UserRow>().ToTable("governance_users").HasKey(u => u.Name);
        modelBuilder.Entity<RoleRow>().ToTable("governance_roles").HasKey(r => r.Name);
        modelBuilder.Entity<TokenRow>(token =>
        {
            token.ToTable("governance_tokens");
            token.HasKey(t => t.Id);
            token.HasIndex(t => t.User);
        });
        modelBuilder.Entity<SignInFailureRow>().ToTable("governance_sign_in_failures").HasKey(f => f.Subject);
        modelBuilder.Entity<SecretRow>().ToTable("governance_secrets").HasKey(s => new { s.Name, s.Number });
        modelBuilder.Entity<AuditRow>(row =>
        {
            row.ToTable("governance_audit");
            row.HasKey(a => a.Sequence);
            row.Property(a => a.Sequence).ValueGeneratedNever();
            row.HasIndex(a => new { a.User, a.Sequence });
            row.HasIndex(a => new { a.Object, a.Sequence });
        });
        base.OnModelCreating(modelBuilder);
    }
}

internal sealed class DesignTimeGovernanceDb() : DesignTimeModuleDb<GovernanceDbContext>("governance");
