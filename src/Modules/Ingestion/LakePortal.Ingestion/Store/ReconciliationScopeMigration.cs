using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace LakePortal.Ingestion.Store;

[DbContext(typeof(IngestionDbContext))]
[Migration("20260301000000_ReconciliationScope")]
internal sealed class ReconciliationScopeMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.AddColumn<string>("Scope", "ingestion_reconciliations", nullable: true);
}
