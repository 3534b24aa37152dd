using LakePortal.Iceberg;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Where the files of one table lie on this machine.</summary>
internal sealed class LocalFiles(Table table)
{
    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);

    public IEnumerable<string> Directories => _paths.Values.Select(p => Path.GetDirectoryName(p) ?? "/").Distinct(StringComparer.Ordinal);

    public string PathOf(string location)
    {
        if (!_paths.TryGetValue(location, out var path))
        {
            _paths[location] = path = table.ResolveLocation(location);
        }

        return path;
    }
}
