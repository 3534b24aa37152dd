namespace LakePortal.Kernel.Configuration;

/// <summary>
/// What is being applied together, for a kind that checks its references while planning: a sync may name a source of the same files,
/// which is not saved yet. Empty outside of a plan.
/// </summary>
public interface IPlannedDocuments
{
    ConfigDocument? Find(string kind, string name);

    IReadOnlyList<ConfigDocument> OfKind(string kind);
}

internal sealed class PlannedDocuments : IPlannedDocuments
{
    private static readonly AsyncLocal<IReadOnlyList<ConfigDocument>?> Ambient = new();

    public ConfigDocument? Find(string kind, string name) => OfKind(kind).FirstOrDefault(d => d.Name == name);

    public IReadOnlyList<ConfigDocument> OfKind(string kind) => [.. (Ambient.Value ?? []).Where(d => d.Kind == kind)];

    // The value ends with the asynchronous method that sets it; no scope is needed.
    internal static void Set(IReadOnlyList<ConfigDocument> documents) => Ambient.Value = documents;
}
