using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace LakePortal.Kernel.Runs.Persistence;

[DbContext(typeof(RunsDbContext))]
[Migration("20260101000000_Runs")]
internal sealed class RunsMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "kernel_runs",
            table => new
            {
                Id = table.Column<string>(),
                Kind = table.Column<string>(),
                Name = table.Column<string>(),
                State = table.Column<string>(),
                Trigger = table.Column<string>(),
                StartedBy = table.Column<string>(),
                ParentId = table.Column<string>(nullable: true),
                Node = table.Column<string>(),
                QueuedAt = table.Column<long>(),
                StartedAt = table.Column<long>(nullable: true),
                FinishedAt = table.Column<long>(nullable: true),
                Progress = table.Column<string>(nullable: true),
                Error = table.Column<string>(nullable: true),
                Result = table.Column<string>(nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_kernel_runs", r => r.Id));
        migrationBuilder.CreateIndex("IX_kernel_runs_Kind_Name_Id", "kernel_runs", ["Kind", "Name", "Id"]);
        migrationBuilder.CreateIndex("IX_kernel_runs_State", "kernel_runs", "State");

        migrationBuilder.CreateTable(
            "kernel_run_log",
            table => new
            {
                RunId = table.Column<string>(),
                Sequence = table.Column<long>(),
                At = table.Column<long>(),
                Level = table.Column<string>(),
                Task = table.Column<string>(nullable: true),
                Message = table.Column<string>(),
            },
            constraints: table => table.PrimaryKey("PK_kernel_run_log", l => new { l.RunId, l.Sequence }));
    }
}
