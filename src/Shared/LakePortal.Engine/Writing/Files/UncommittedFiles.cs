using LakePortal.Iceberg.IO;

namespace LakePortal.Engine.Writing.Files;

/// <summary>
/// Files that were written and not yet committed. Their names begin with <c>lp-</c> and the writer's id, so that a file which nobody owns can
/// be told from those of a running write. Disposing removes what is left.
/// </summary>
internal sealed class UncommittedFiles(IFileIO io) : IAsyncDisposable
{
    private const string FilePrefix = "lp-";

    private readonly Lock _lock = new();
    private readonly HashSet<string> _locations = [];
    private readonly Dictionary<string, string> _running = [];

    /// <summary>Begins a statement that makes files below a directory; their names start with the returned text.</summary>
    public string Begin(string dataLocation)
    {
        var prefix = $"{FilePrefix}{Guid.CreateVersion7():N}";
        lock (_lock)
        {
            _running.Add(prefix, dataLocation);
        }

        return prefix;
    }

    /// <summary>The statement is done and these are its files.</summary>
    public void Add(string prefix, IEnumerable<string> locations)
    {
        lock (_lock)
        {
            _running.Remove(prefix);
            _locations.UnionWith(locations);
        }
    }

    /// <summary>Adopts files of an earlier writer, to be removed unless they are committed.</summary>
    public void Adopt(IEnumerable<string> locations)
    {
        lock (_lock)
        {
            _locations.UnionWith(locations);
        }
    }

    /// <summary>They are the table's, or somebody else's, from now on.</summary>
    public void Release(IEnumerable<string> locations)
    {
        lock (_lock)
        {
            _locations.ExceptWith(locations);
        }
    }

    /// <summary>Removes some of the files now.</summary>
    public async Task RemoveAsync(IReadOnlyCollection<string> locations, CancellationToken cancellationToken)
    {
        foreach (var location in locations)
        {
            await io.DeleteAsync(location, cancellationToken);
        }

        Release(locations);
    }

    public async ValueTask DisposeAsync()
    {
        string[] left;
        KeyValuePair<string, string>[] broken;
        lock (_lock)
        {
            left = [.. _locations];
            broken = [.. _running];
            _running.Clear();
        }

        await RemoveAsync(left, CancellationToken.None);
        foreach (var (prefix, location) in broken)
        {
            await RemovePartsAsync(prefix, location);
        }
    }

    /// <summary>A statement that failed does not say which files it had made; DuckDB's own temporary names keep ours inside them.</summary>
    private async Task RemovePartsAsync(string prefix, string dataLocation)
    {
        var parts = new List<string>();
        await foreach (var file in io.ListAsync(dataLocation, CancellationToken.None))
        {
            if (Locations.FileName(file.Location).Contains(prefix, StringComparison.Ordinal))
            {
                parts.Add(file.Location);
            }
        }

        foreach (var part in parts)
        {
            await io.DeleteAsync(part, CancellationToken.None);
        }
    }
}
