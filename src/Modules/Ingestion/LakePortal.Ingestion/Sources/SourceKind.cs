using LakePortal.Ingestion.Capture;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Messaging;

namespace LakePortal.Ingestion.Sources;

/// <summary><c>kind: source</c>.</summary>
internal sealed partial class SourceKind(SourceStore store, CaptureService captures, IChangeFeed feed) : IConfigurationKind
{
    public string Kind => "source";

    public int Order => 10;

    public string WritePermission => Permissions.SourcesWrite;

    public string ReadPermission => Permissions.SourcesRead;

    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var source = SourceStore.Read(document);
        if (source.Password is { Length: > 0 } password && !Reference().IsMatch(password))
        {
            throw ConfigBinder.Invalid(document, [ConfigBinder.Fault(document, "password", "A password is not stored in clear.",
                $"Store it with ./lake secret set {document.Name}, which asks for it, and write password: ${{secret:{document.Name}}}; ${{env:<NAME>}} takes it from the environment.")]);
        }

        var wanted = ConfigBinder.ToJson(source);
        var name = document.Name!;
        return [ConfigDiff.Plan(Kind, name, await ExportAsync(name, cancellationToken), wanted)];
    }

    public async Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var source = SourceStore.Read(document);
        await store.SaveAsync(source.Name, ConfigBinder.ToJson(source), cancellationToken);
        captures.RequestRefresh();
        feed.Publish("sources");
    }

    public Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) => store.NamesAsync(cancellationToken);

    public async Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken) =>
        await store.FindRowAsync(name, cancellationToken) is { } row ? JsonNode.Parse(row.Document)!.AsObject() : null;

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await store.DeleteAsync(name, cancellationToken);
        feed.Publish("sources");
    }

    [GeneratedRegex(@"^\$\{(secret|env):[^{}]+\}$")]
    private static partial Regex Reference();
}
