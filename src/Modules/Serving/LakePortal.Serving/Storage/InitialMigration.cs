using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace LakePortal.Serving.Storage;

[DbContext(typeof(ServingDbContext))]
[Migration("20260101000000_Serving")]
internal sealed class InitialMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "serving_catalog_tables",
            table => new
            {
                Namespace = table.Column<string>(),
                Name = table.Column<string>(),
                TableUuid = table.Column<Guid>(),
                MetadataLocation = table.Column<string>(),
                Version = table.Column<long>(),
                ReadOnly = table.Column<bool>(),
                LocationMap = table.Column<string>(nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_serving_catalog_tables", t => new { t.Namespace, t.Name }));

        migrationBuilder.CreateTable(
            "serving_query_history",
            table => new
            {
                QueryId = table.Column<string>(),
                User = table.Column<string>(),
                Sequence = table.Column<long>(),
                Sql = table.Column<string>(),
                State = table.Column<string>(),
                StartedAt = table.Column<long>(),
                Milliseconds = table.Column<double>(nullable: true),
                Rows = table.Column<long>(nullable: true),
                Error = table.Column<string>(nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_serving_query_history", e => e.QueryId));
        migrationBuilder.CreateIndex("IX_serving_query_history_User_Sequence", "serving_query_history", ["User", "Sequence"]);

        migrationBuilder.CreateTable(
            "serving_saved_queries",
            table => new
            {
                Name = table.Column<string>(),
                Description = table.Column<string>(nullable: true),
                Sql = table.Column<string>(),
                Owner = table.Column<string>(),
                UpdatedAt = table.Column<long>(),
                Version = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_serving_saved_queries", q => q.Name));

        migrationBuilder.CreateTable(
            "serving_dashboards",
            table => new
            {
                Name = table.Column<string>(),
                Document = table.Column<string>(),
                UpdatedAt = table.Column<long>(),
                Version = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_serving_dashboards", d => d.Name));
    }
}
