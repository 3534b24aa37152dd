using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace LakePortal.Ingestion.Store;

[DbContext(typeof(IngestionDbContext))]
[Migration("20260101000000_Ingestion")]
internal sealed class InitialMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "ingestion_sources",
            table => new
            {
                Name = table.Column<string>(),
                Document = table.Column<string>(),
                State = table.Column<string>(),
                Reason = table.Column<string>(nullable: true),
                CheckedAt = table.Column<long>(nullable: true),
                Version = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_sources", s => s.Name));

        migrationBuilder.CreateTable(
            "ingestion_syncs",
            table => new
            {
                Name = table.Column<string>(),
                Source = table.Column<string>(),
                Document = table.Column<string>(),
                Paused = table.Column<bool>(),
                TextColumns = table.Column<string>(),
                Columns = table.Column<string>(nullable: true),
                Key = table.Column<string>(nullable: true),
                Position = table.Column<string>(nullable: true),
                CursorValue = table.Column<string>(nullable: true),
                LastCommitAt = table.Column<long>(nullable: true),
                RowsRaw = table.Column<long>(nullable: true),
                RowsRefined = table.Column<long>(nullable: true),
                Version = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_syncs", s => s.Name));
        migrationBuilder.CreateIndex("IX_ingestion_syncs_Source", "ingestion_syncs", "Source");

        migrationBuilder.CreateTable(
            "ingestion_loads",
            table => new
            {
                Sync = table.Column<string>(),
                LoadId = table.Column<string>(),
                RunId = table.Column<string>(),
                Fingerprint = table.Column<string>(),
                Attempt = table.Column<int>(),
                IngestedAt = table.Column<long>(),
                Resumable = table.Column<bool>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_loads", l => l.Sync));

        migrationBuilder.CreateTable(
            "ingestion_chunks",
            table => new
            {
                LoadId = table.Column<string>(),
                Number = table.Column<int>(),
                Sync = table.Column<string>(),
                Heap = table.Column<long>(),
                FileNode = table.Column<long>(),
                FromPage = table.Column<long>(),
                ToPage = table.Column<long>(nullable: true),
                SinceXid = table.Column<long>(nullable: true),
                Range = table.Column<string>(),
                Position = table.Column<string>(),
                SnapshotXmin = table.Column<long>(),
                Attempt = table.Column<int>(),
                Rows = table.Column<long>(),
                Bytes = table.Column<long>(),
                Seconds = table.Column<double>(),
                Files = table.Column<string>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_chunks", c => new { c.LoadId, c.Number }));
        migrationBuilder.CreateIndex("IX_ingestion_chunks_Sync", "ingestion_chunks", "Sync");

        migrationBuilder.CreateTable(
            "ingestion_run_details",
            table => new
            {
                RunId = table.Column<string>(),
                Sync = table.Column<string>(),
                Mode = table.Column<string>(),
                Position = table.Column<string>(nullable: true),
                Consistency = table.Column<string>(),
                Attempt = table.Column<int>(),
                Chunks = table.Column<string>(),
                RawSnapshotId = table.Column<long>(nullable: true),
                RefinedSnapshotId = table.Column<long>(nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_run_details", d => d.RunId));
        migrationBuilder.CreateIndex("IX_ingestion_run_details_Sync", "ingestion_run_details", "Sync");
    }
}
