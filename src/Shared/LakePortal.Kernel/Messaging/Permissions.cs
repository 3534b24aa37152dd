using LakePortal.Kernel.Errors;

namespace LakePortal.Kernel.Messaging;

/// <summary>
/// Declares the permission without which a request is refused. Every MediatR request of every module carries this or
/// <see cref="AllowAnonymousRequestAttribute"/>; the host does not start otherwise.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class RequiresPermissionAttribute(string permission) : Attribute
{
    public string Permission { get; } = permission;
}

/// <summary>The request may be sent by nobody in particular: sign-in, health. Reason required, for the reviewer.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class AllowAnonymousRequestAttribute(string reason) : Attribute
{
    public string Reason { get; } = reason;
}

/// <summary>The request changes something: it gets an audit row (who, what, when, outcome).</summary>
public interface IAuditedRequest
{
    /// <summary>The object that is changed, as <c>kind/name</c>; never contains a secret.</summary>
    string AuditObject { get; }
}

/// <summary>Checks a request before it reaches its handler; returns every fault found, none when it is fine.</summary>
public interface IRequestValidator<in TRequest>
{
    IEnumerable<InputFault> Validate(TRequest request);
}


/// <summary>The permissions that exist. A role is a set of these (see Governance, Identity).</summary>
public static class Permissions
{
    public const string SourcesRead = "sources.read";
    public const string SourcesWrite = "sources.write";
    public const string SyncsRead = "syncs.read";
    public const string SyncsWrite = "syncs.write";
    public const string SyncsRun = "syncs.run";
    public const string PipelinesRead = "pipelines.read";
    public const string PipelinesWrite = "pipelines.write";
    public const string PipelinesRun = "pipelines.run";
    public const string TablesRead = "tables.read";
    public const string TablesWrite = "tables.write";
    public const string QueriesRun = "queries.run";
    public const string QueriesRunAs = "queries.run-as";
    public const string DashboardsRead = "dashboards.read";
    public const string DashboardsWrite = "dashboards.write";
    public const string UsersRead = "users.read";
    public const string UsersWrite = "users.write";
    public const string SecretsWrite = "secrets.write";
    public const string AuditRead = "audit.read";
    public const string ConfigurationApply = "configuration.apply";
    public const string SystemRead = "system.read";
    public const string ProfileOwn = "profile.own";

    public static readonly IReadOnlyList<string> All =
    [
        SourcesRead, SourcesWrite, SyncsRead, SyncsWrite, SyncsRun, PipelinesRead, PipelinesWrite, PipelinesRun,
        TablesRead, TablesWrite, QueriesRun, QueriesRunAs, DashboardsRead, DashboardsWrite, UsersRead, UsersWrite,
        SecretsWrite, AuditRead, ConfigurationApply, SystemRead, ProfileOwn,
    ];
}
