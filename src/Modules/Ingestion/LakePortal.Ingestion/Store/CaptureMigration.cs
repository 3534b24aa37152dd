using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace LakePortal.Ingestion.Store;

[DbContext(typeof(IngestionDbContext))]
[Migration("20260201000000_Capture")]
internal sealed class CaptureMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "ingestion_captures",
            table => new
            {
                Source = table.Column<string>(),
                State = table.Column<string>(),
                Reason = table.Column<string>(nullable: true),
                Hint = table.Column<string>(nullable: true),
                Slot = table.Column<string>(),
                Publication = table.Column<string>(),
                SystemId = table.Column<string>(nullable: true),
                Timeline = table.Column<int>(nullable: true),
                CapturedPosition = table.Column<string>(nullable: true),
                CapturedAt = table.Column<long>(nullable: true),
                Version = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_captures", c => c.Source));

        migrationBuilder.CreateTable(
            "ingestion_capture_tables",
            table => new
            {
                Sync = table.Column<string>(),
                Source = table.Column<string>(),
                State = table.Column<string>(),
                Reason = table.Column<string>(nullable: true),
                Hint = table.Column<string>(nullable: true),
                Relation = table.Column<string>(nullable: true),
                GapFrom = table.Column<string>(nullable: true),
                LastCommitAt = table.Column<long>(nullable: true),
                Changes = table.Column<long>(),
                DeadLetters = table.Column<long>(),
                Version = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_capture_tables", t => t.Sync));
        migrationBuilder.CreateIndex("IX_ingestion_capture_tables_Source", "ingestion_capture_tables", "Source");

        migrationBuilder.CreateTable(
            "ingestion_capture_events",
            table => new
            {
                Id = table.Column<string>(),
                Source = table.Column<string>(),
                Sync = table.Column<string>(nullable: true),
                At = table.Column<long>(),
                Kind = table.Column<string>(),
                Message = table.Column<string>(),
                Position = table.Column<string>(nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_ingestion_capture_events", e => e.Id));
        migrationBuilder.CreateIndex("IX_ingestion_capture_events_Source_At", "ingestion_capture_events", ["Source", "At"]);
    }
}
