using LakePortal.Governance.Contracts.Identity;
using static LakePortal.Kernel.Messaging.Permissions;

namespace LakePortal.Governance.Identity.Roles;

internal static class BuiltInRoles
{
    public const string Admin = "admin";

    public static readonly IReadOnlyDictionary<string, RoleInfo> All = new RoleInfo[]
    {
        new(Admin, "Everything, users and secrets included.", true, [.. Kernel.Messaging.Permissions.All]),
        new("operator", "Runs the platform: sources, syncs, pipelines, tables, secrets.", true,
        [
            SourcesRead, SourcesWrite, SyncsRead, SyncsWrite, SyncsRun, PipelinesRead, PipelinesWrite, PipelinesRun, TablesRead, TablesWrite,
            QueriesRun, DashboardsRead, DashboardsWrite, SecretsWrite, ConfigurationApply, SystemRead, ProfileOwn,
        ]),
        new("steward", "Answers for the data: sees everything, its audit trail and who has access.", true,
        [
            SourcesRead, SyncsRead, PipelinesRead, TablesRead, QueriesRun, DashboardsRead, DashboardsWrite, UsersRead, AuditRead,
            ConfigurationApply, SystemRead, ProfileOwn,
        ]),
        new("analyst", "Writes SQL, saves queries, builds dashboards.", true,
            [PipelinesRead, SyncsRead, TablesRead, QueriesRun, DashboardsRead, DashboardsWrite, ConfigurationApply, ProfileOwn]),
        new("application", "A program that calls the API; reads no table unless another role lets it.", true, [QueriesRun, ProfileOwn]),
    }.ToDictionary(r => r.Name, StringComparer.Ordinal);
}
