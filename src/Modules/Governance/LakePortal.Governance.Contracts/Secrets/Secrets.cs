using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Governance.Contracts.Secrets;

public sealed record SecretInfo(string Name, int Version, DateTimeOffset UpdatedAt, string UpdatedBy);

[RequiresPermission(Permissions.SecretsWrite)]
public sealed record ListSecrets : IRequest<IReadOnlyList<SecretInfo>>;

/// <summary>Stores a new version, encrypted. The value is not readable through any request.</summary>
[RequiresPermission(Permissions.SecretsWrite)]
public sealed record SetSecret(string Name, string Value) : IRequest<SecretInfo>, IAuditedRequest
{
    public string AuditObject => $"secret/{Name}";

    public override string ToString() => $"SetSecret {Name}";
}

[RequiresPermission(Permissions.SecretsWrite)]
public sealed record DeleteSecret(string Name) : IRequest, IAuditedRequest
{
    public string AuditObject => $"secret/{Name}";
}
