using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace LakePortal.Ingestion.Store;

[DbContext(typeof(IngestionDbContext))]
[Migration("20260201000000_Reconciliation")]
internal sealed class ReconciliationMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "ingestion_reconciliations",
            table => new
            {
                RunId = table.Column<string>(),
                Sync = table.Column<string>(),
                Refined = table.Column<string>(),
                Method = table.Column<string>(),
                Repair = table.Column<bool>(),
                Sample = table.Column<long>(nullable: true),
                Finished = table.Column<bool>(),
                Position = table.Column<string>(nullable: true),
                PositionExact = table.Column<bool>(),
                LakePosition = table.Column<string>(nullable: true),
                LakeSnapshotId = table.Column<long>(nullable: true),
                RowsSource = table.Column<long>(nullable: true),
                RowsLake = table.Column<long>(nullable: true),
                Verdict = table.Column<string>(nullable: true),
                Missing = table.Column<long>(),
                Extra = table.Column<long>(),
                Changed = table.Column<long>(),
                TypeLoss = table.Column<long>(),
                Ranges = table.Column<int>(),
                RangesDifferent = table.Column<int>(),
                Repaired = table.Column<long>(),
                RepairSnapshotId = table.Column<long>(nullable: true),
                Notes = table.Column<string>(),
                StartedAt = table.Column<long>(),
                Seconds = table.Column<double>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_reconciliations", r => r.RunId));
        migrationBuilder.CreateIndex("IX_ingestion_reconciliations_Sync", "ingestion_reconciliations", "Sync");

        migrationBuilder.CreateTable(
            "ingestion_reconciliation_ranges",
            table => new
            {
                RunId = table.Column<string>(),
                Number = table.Column<int>(),
                Low = table.Column<string>(nullable: true),
                High = table.Column<string>(nullable: true),
                RowsSource = table.Column<long>(),
                RowsLake = table.Column<long>(),
                HashSource = table.Column<string>(),
                HashLake = table.Column<string>(),
                Verdict = table.Column<string>(),
                Position = table.Column<string>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_reconciliation_ranges", r => new { r.RunId, r.Number }));

        migrationBuilder.CreateTable(
            "ingestion_reconciliation_differences",
            table => new
            {
                RunId = table.Column<string>(),
                Number = table.Column<int>(),
                Key = table.Column<string>(),
                Kind = table.Column<string>(),
                Columns = table.Column<string>(),
                Source = table.Column<string>(nullable: true),
                Lake = table.Column<string>(nullable: true),
                Repaired = table.Column<bool>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_reconciliation_differences", r => new { r.RunId, r.Number }));

        migrationBuilder.CreateTable(
            "ingestion_verified",
            table => new
            {
                Sync = table.Column<string>(),
                Position = table.Column<string>(),
                LakeSnapshotId = table.Column<long>(),
                RunId = table.Column<string>(),
                At = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_verified", r => r.Sync));
    }
}
