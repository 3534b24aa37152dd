namespace LakePortal.TestSupport;

/// <summary>Fixture files that others made: in <c>LAKE_SHARED</c>, or in a folder <c>shared</c> at or beside the repository. They may be absent.</summary>
public static class SharedFiles
{
    public static string? Find(string relativePath)
    {
        IEnumerable<string> roots = Environment.GetEnvironmentVariable("LAKE_SHARED") is { Length: > 0 } named
            ? [named]
            : Parents(AppContext.BaseDirectory).Select(d => Path.Combine(d, "shared"));
        return roots.Select(r => Path.Combine(r, relativePath)).FirstOrDefault(p => File.Exists(p) || Directory.Exists(p));
    }

    private static IEnumerable<string> Parents(string directory)
    {
        for (var current = new DirectoryInfo(directory); current is not null; current = current.Parent)
        {
            yield return current.FullName;
        }
    }
}
