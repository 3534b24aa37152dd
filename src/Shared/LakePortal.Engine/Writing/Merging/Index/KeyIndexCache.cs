namespace LakePortal.Engine.Writing.Merging.Index;

/// <summary>Open indexes, bounded by the memory and by the open files that they hold; the least recently used go first.</summary>
internal sealed class KeyIndexCache
{
    private const long MostBytes = 128L * 1024 * 1024;
    private const int MostOpenFiles = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Path, KeyIndexFile Index)>> _items = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Path, KeyIndexFile Index)> _recent = new();
    private long _bytes;
    private int _files;

    public KeyIndexFile? Find(string path)
    {
        lock (_gate)
        {
            if (!_items.TryGetValue(path, out var node))
            {
                return null;
            }

            _recent.Remove(node);
            _recent.AddFirst(node);
            return node.Value.Index;
        }
    }

    public void Put(string path, KeyIndexFile index)
    {
        lock (_gate)
        {
            Take(path);
            _items[path] = _recent.AddFirst((path, index));
            _bytes += index.Weight;
            _files += index.HoldsFile ? 1 : 0;
            while ((_bytes > MostBytes || _files > MostOpenFiles) && _recent.Count > 1)
            {
                Take(_recent.Last!.Value.Path);
            }
        }
    }

    public void Remove(string path)
    {
        lock (_gate)
        {
            Take(path);
        }
    }

    // A merge may still be reading it: its file is closed once nobody refers to it any more.
    private void Take(string path)
    {
        if (_items.Remove(path, out var node))
        {
            _recent.Remove(node);
            _bytes -= node.Value.Index.Weight;
            _files -= node.Value.Index.HoldsFile ? 1 : 0;
        }
    }
}
