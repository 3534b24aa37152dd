using System.Text.Json.Nodes;
using LakePortal.Kernel.Messaging;
using MediatR;

namespace LakePortal.Kernel.Configuration;

/// <summary>A configuration text as it was read from a file or typed into the portal.</summary>
/// <param name="Origin">File name for messages.</param>
/// <param name="Content">YAML, several documents allowed.</param>
public sealed record ConfigText(string Origin, string Content);

/// <summary>
/// Plans and, unless dry-run, applies YAML documents. All documents are checked before the first is applied. The caller needs the write
/// permission of each kind as well.
/// </summary>
[RequiresPermission(Permissions.ConfigurationApply)]
public sealed record ApplyConfiguration(IReadOnlyList<ConfigText> Texts, bool DryRun, bool Prune)
    : IRequest<IReadOnlyList<PlannedChange>>, IAuditedRequest
{
    public string AuditObject => "configuration";
}

/// <summary>The same for one JSON document, as the API's PUT and the portal's forms send it.</summary>
[RequiresPermission(Permissions.ConfigurationApply)]
public sealed record PutObject(string Kind, JsonObject Content, bool DryRun = false)
    : IRequest<IReadOnlyList<PlannedChange>>, IAuditedRequest
{
    public string AuditObject => $"{Kind}/{(Content["name"] is JsonValue value && value.TryGetValue(out string? name) ? name : "?")}";
}

/// <summary>Permission of the kind is checked in the handler.</summary>
[RequiresPermission(Permissions.ProfileOwn)]
public sealed record ListObjects(string Kind) : IRequest<IReadOnlyList<string>>;

/// <summary>How many objects there are of each kind that the caller may read, in the order in which kinds are applied.</summary>
[RequiresPermission(Permissions.ProfileOwn)]
public sealed record CountObjects : IRequest<IReadOnlyList<KindCount>>;

public sealed record KindCount(string Kind, int Objects);

/// <summary>The object as a document, secrets as references only.</summary>
[RequiresPermission(Permissions.ProfileOwn)]
public sealed record ExportObject(string Kind, string Name) : IRequest<ExportedObject>;

/// <param name="Yaml">The document as YAML text.</param>
/// <param name="Content">The same as JSON, with <c>kind</c>.</param>
public sealed record ExportedObject(string Yaml, JsonObject Content);

[RequiresPermission(Permissions.ConfigurationApply)]
public sealed record DeleteObject(string Kind, string Name) : IRequest, IAuditedRequest
{
    public string AuditObject => $"{Kind}/{Name}";
}
