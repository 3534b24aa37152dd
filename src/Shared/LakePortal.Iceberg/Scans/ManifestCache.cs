using LakePortal.Iceberg.Manifests;

namespace LakePortal.Iceberg.Scans;

/// <summary>
/// Parsed manifest lists and manifests, which never change once written. Bounded by the number of entries held; the least recently used go first.
/// </summary>
internal sealed class ManifestCache(int maxEntries = 400_000)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Item>> _items = new(StringComparer.Ordinal);
    private readonly LinkedList<Item> _recent = new();
    private long _weight;

    private sealed record Item(string Key, object Value, int Weight);

    public Task<IReadOnlyList<ManifestFile>> ListAsync(string location, Func<Task<IReadOnlyList<ManifestFile>>> read) => GetAsync("L" + location, read);

    public Task<IReadOnlyList<ManifestEntry>> EntriesAsync(string location, Func<Task<IReadOnlyList<ManifestEntry>>> read) => GetAsync("M" + location, read);

    private async Task<IReadOnlyList<T>> GetAsync<T>(string key, Func<Task<IReadOnlyList<T>>> read)
    {
        lock (_gate)
        {
            if (_items.TryGetValue(key, out var node))
            {
                _recent.Remove(node);
                _recent.AddFirst(node);
                return (IReadOnlyList<T>)node.Value.Value;
            }
        }

        // Two readers may parse the same manifest at once: cheaper than having one's cancellation fail the other.
        var value = await read().ConfigureAwait(false);
        Add(new Item(key, value, value.Count + 1));
        return value;
    }

    private void Add(Item item)
    {
        lock (_gate)
        {
            if (item.Weight > maxEntries / 2 || _items.ContainsKey(item.Key))
            {
                return;
            }

            _items[item.Key] = _recent.AddFirst(item);
            _weight += item.Weight;
            while (_weight > maxEntries)
            {
                var last = _recent.Last!;
                _recent.RemoveLast();
                _items.Remove(last.Value.Key);
                _weight -= last.Value.Weight;
            }
        }
    }
}
