using LakePortal.Iceberg;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Where the files of tables lie on this machine.</summary>
internal static class LocalFiles
{
    public static string PathOf(Table table, string path)
    {
        var location = path;
        foreach (var mapping in table.LocationMap)
        {
            if (path.StartsWith(mapping.From, StringComparison.Ordinal))
            {
                location = mapping.To + path[mapping.From.Length..];
                break;
            }
        }

        return location.StartsWith("file://", StringComparison.Ordinal) ? location[7..] : location.StartsWith("file:", StringComparison.Ordinal) ? location[5..] : location;
    }

    public static IReadOnlyList<string> DirectoriesOf(IEnumerable<string> paths) =>
        [.. paths.Select(p => Path.GetDirectoryName(p) ?? "/").Distinct(StringComparer.Ordinal)];
}
