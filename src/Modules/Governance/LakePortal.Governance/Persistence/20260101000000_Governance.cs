using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace LakePortal.Governance.Persistence;

[DbContext(typeof(GovernanceDbContext))]
[Migration("20260101000000_Governance")]
internal sealed class GovernanceMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "governance_users",
            table => new
            {
                Name = table.Column<string>(),
                PasswordHash = table.Column<string>(nullable: true),
                MustChangePassword = table.Column<bool>(),
                IsDisabled = table.Column<bool>(),
                SessionStamp = table.Column<string>(),
                Roles = table.Column<string>(),
                Groups = table.Column<string>(),
                CreatedAt = table.Column<long>(),
                LastSignInAt = table.Column<long>(nullable: true),
                TimeZone = table.Column<string>(nullable: true),
                Theme = table.Column<string>(),
                Version = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_governance_users", u => u.Name));

        migrationBuilder.CreateTable(
            "governance_roles",
            table => new
            {
                Name = table.Column<string>(),
                Document = table.Column<string>(),
                Version = table.Column<long>(),
            },
            constraints: table => table.PrimaryKey("PK_governance_roles", r => r.Name));

        migrationBuilder.CreateTable(
            "governance_tokens",
            table => new
            {
                Id = table.Column<string>(),
                User = table.Column<string>(),
                Name = table.Column<string>(),
                Hash = table.Column<string>(),
                CreatedAt = table.Column<long>(),
                ExpiresAt = table.Column<long>(),
                LastUsedAt = table.Column<long>(nullable: true),
                RevokedAt = table.Column<long>(nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_governance_tokens", t => t.Id));
        migrationBuilder.CreateIndex("IX_governance_tokens_User", "governance_tokens", "User");

        migrationBuilder.CreateTable(
            "governance_sign_in_failures",
            table => new
            {
                Subject = table.Column<string>(),
                Failures = table.Column<int>(),
                LastAt = table.Column<long>(),
                LockedUntil = table.Column<long>(nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_governance_sign_in_failures", f => f.Subject));

        migrationBuilder.CreateTable(
            "governance_secrets",
            table => new
            {
                Name = table.Column<string>(),
                Number = table.Column<int>(),
                Value = table.Column<byte[]>(),
                DataKey = table.Column<byte[]>(),
                MasterKeyId = table.Column<string>(),
                UpdatedAt = table.Column<long>(),
                UpdatedBy = table.Column<string>(),
            },
            constraints: table => table.PrimaryKey("PK_governance_secrets", s => new { s.Name, s.Number }));

        migrationBuilder.CreateTable(
            "governance_audit",
            table => new
            {
                Sequence = table.Column<long>(),
                At = table.Column<long>(),
                User = table.Column<string>(),
                Via = table.Column<string>(),
                Action = table.Column<string>(),
                Object = table.Column<string>(),
                Outcome = table.Column<string>(),
                Detail = table.Column<string>(nullable: true),
                Hash = table.Column<string>(),
            },
            constraints: table => table.PrimaryKey("PK_governance_audit", a => a.Sequence));
        migrationBuilder.CreateIndex("IX_governance_audit_User_Sequence", "governance_audit", ["User", "Sequence"]);
        migrationBuilder.CreateIndex("IX_governance_audit_Object_Sequence", "governance_audit", ["Object", "Sequence"]);
    }
}
