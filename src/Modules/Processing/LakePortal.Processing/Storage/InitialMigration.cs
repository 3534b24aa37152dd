using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace LakePortal.Processing.Storage;

[DbContext(typeof(ProcessingDbContext))]
[Migration("20260101000000_Processing")]
internal sealed class InitialMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "processing_pipelines",
            table => new
            {
                Name = table.Column<string>(),
                Document = table.Column<string>(),
                IsPaused = table.Column<bool>(),
                Seen = table.Column<string>(),
                UpdatedAt = table.Column<long>(),
                Version = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_processing_pipelines", p => p.Name));

        migrationBuilder.CreateTable(
            "processing_pipeline_runs",
            table => new
            {
                RunId = table.Column<string>(),
                Pipeline = table.Column<string>(),
                RootRunId = table.Column<string>(),
                RerunOf = table.Column<string>(nullable: true),
                FromTask = table.Column<string>(nullable: true),
                Parameters = table.Column<string>(),
                Document = table.Column<string>(),
                Node = table.Column<string>(),
                At = table.Column<long>(),
                IsFinished = table.Column<bool>(),
            },
            constraints: table => table.PrimaryKey("PK_processing_pipeline_runs", r => r.RunId));
        migrationBuilder.CreateIndex("IX_processing_pipeline_runs_Pipeline_RunId", "processing_pipeline_runs", ["Pipeline", "RunId"]);
        migrationBuilder.CreateIndex("IX_processing_pipeline_runs_IsFinished", "processing_pipeline_runs", "IsFinished");

        migrationBuilder.CreateTable(
            "processing_task_runs",
            table => new
            {
                RunId = table.Column<string>(),
                Task = table.Column<string>(),
                Ordinal = table.Column<int>(),
                Type = table.Column<string>(),
                State = table.Column<string>(),
                Attempt = table.Column<int>(),
                StartedAt = table.Column<long>(nullable: true),
                FinishedAt = table.Column<long>(nullable: true),
                RowsWritten = table.Column<long>(nullable: true),
                RowsDeleted = table.Column<long>(nullable: true),
                Target = table.Column<string>(nullable: true),
                SnapshotId = table.Column<long>(nullable: true),
                Inputs = table.Column<string>(),
                ErrorCode = table.Column<string>(nullable: true),
                ErrorMessage = table.Column<string>(nullable: true),
                ErrorHint = table.Column<string>(nullable: true),
                ChildRunId = table.Column<string>(nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_processing_task_runs", t => new { t.RunId, t.Task }));
    }
}
