using LakePortal.Iceberg.Manifests;

namespace LakePortal.Iceberg.Scans;

/// <summary>
/// Parsed manifest lists and manifests, which never change once written. Bounded by the memory that they take, about; the least recently used go first.
/// </summary>
internal sealed class ManifestCache(long maxBytes = 192L * 1024 * 1024)
{
    // Estimates for 64-bit .NET: an entry of a dictionary of counts takes 32 bytes, one of bounds 64 with its array; the rest is paths and objects.
    private const long ManifestFileBytes = 600;
    private const long EntryBytes = 700;
    private const long CountBytes = 32;
    private const long BoundBytes = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Item>> _items = new(StringComparer.Ordinal);
    private readonly LinkedList<Item> _recent = new();
    private long _weight;

    private sealed record Item(string Key, object Value, long Weight);

    public Task<IReadOnlyList<ManifestFile>> ListAsync(string location, Func<Task<IReadOnlyList<ManifestFile>>> read) => GetAsync("L" + location, read, _ => ManifestFileBytes);

    public Task<IReadOnlyList<ManifestEntry>> EntriesAsync(string location, Func<Task<IReadOnlyList<ManifestEntry>>> read) => GetAsync("M" + location, read, Bytes);

    private static long Bytes(ManifestEntry entry)
    {
        var file = entry.File;
        var counts = (file.ColumnSizes?.Count ?? 0) + (file.ValueCounts?.Count ?? 0) + (file.NullValueCounts?.Count ?? 0) + (file.NanValueCounts?.Count ?? 0);
        var bounds = (file.LowerBounds?.Count ?? 0) + (file.UpperBounds?.Count ?? 0);
        return EntryBytes + (2L * file.Path.Length) + (counts * CountBytes) + (bounds * BoundBytes);
    }

    private async Task<IReadOnlyList<T>> GetAsync<T>(string key, Func<Task<IReadOnlyList<T>>> read, Func<T, long> bytes)
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
        Add(new Item(key, value, ManifestFileBytes + value.Sum(bytes)));
        return value;
    }

    private void Add(Item item)
    {
        lock (_gate)
        {
            if (item.Weight > maxBytes / 2 || _items.ContainsKey(item.Key))
            {
                return;
            }

            _items[item.Key] = _recent.AddFirst(item);
            _weight += item.Weight;
            while (_weight > maxBytes)
            {
                var last = _recent.Last!;
                _recent.RemoveLast();
                _items.Remove(last.Value.Key);
                _weight -= last.Value.Weight;
            }
        }
    }
}
