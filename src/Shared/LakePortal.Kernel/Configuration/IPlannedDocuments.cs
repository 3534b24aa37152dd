using System.Collections.Concurrent;

namespace LakePortal.Kernel.Configuration;

/// <summary>
/// What is being applied together, for a kind that checks its references while planning: a sync may name a source of the same files,
/// which is not saved yet. Empty outside of a plan.
/// </summary>
public interface IPlannedDocuments
{
    ConfigDocument? Find(string kind, string name);

    IReadOnlyList<ConfigDocument> OfKind(string kind);

    /// <summary>What several documents need and is dear to find out (what tables a source has): made once, kept until the plan has been applied. Outside of a plan it is made each time.</summary>
    T Remember<T>(string key, Func<T> make) where T : class;
}

internal sealed class PlannedDocuments : IPlannedDocuments
{
    private static readonly AsyncLocal<Plan?> Ambient = new();

    public ConfigDocument? Find(string kind, string name) => OfKind(kind).FirstOrDefault(d => d.Name == name);

    public IReadOnlyList<ConfigDocument> OfKind(string kind) => [.. (Ambient.Value?.Documents ?? []).Where(d => d.Kind == kind)];

    public T Remember<T>(string key, Func<T> make) where T : class =>
        Ambient.Value is { } plan ? (T)plan.Known.GetOrAdd(key, _ => new Lazy<object>(make)).Value : make();

    // The value ends with the asynchronous method that sets it; no scope is needed.
    internal static void Set(IReadOnlyList<ConfigDocument> documents) => Ambient.Value = new Plan(documents, new(StringComparer.Ordinal));

    private sealed record Plan(IReadOnlyList<ConfigDocument> Documents, ConcurrentDictionary<string, Lazy<object>> Known);
}
