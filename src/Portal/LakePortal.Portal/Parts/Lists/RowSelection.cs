namespace LakePortal.Portal.Parts.Lists;

/// <summary>Rows chosen in a list, by key. What is not shown any more is not chosen either, so that nothing unseen is acted on.</summary>
public sealed class RowSelection
{
    private readonly HashSet<string> _chosen = new(StringComparer.Ordinal);

    public int Count => _chosen.Count;

    /// <summary>In the order of the list when given its keys.</summary>
    public IReadOnlyList<string> In(IEnumerable<string> shown) => [.. shown.Where(_chosen.Contains)];

    public bool Has(string key) => _chosen.Contains(key);

    public void Set(string key, bool chosen)
    {
        if (chosen)
        {
            _chosen.Add(key);
        }
        else
        {
            _chosen.Remove(key);
        }
    }

    public void SetAll(IEnumerable<string> keys, bool chosen)
    {
        ArgumentNullException.ThrowIfNull(keys);
        foreach (var key in keys)
        {
            Set(key, chosen);
        }
    }

    public void Keep(IEnumerable<string> shown) => _chosen.IntersectWith(shown);

    public void Clear() => _chosen.Clear();
}
