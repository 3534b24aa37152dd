namespace LakePortal.Portal.Parts.Frame;

/// <summary>The last query string of every list page of this window, so that coming back by the navigation finds the filters as they were.</summary>
public sealed class PageMemory
{
    private readonly Dictionary<string, string> _queries = new(StringComparer.Ordinal);

    public void Remember(string path, string query) => _queries[path] = query;

    public string Recall(string path) => path + _queries.GetValueOrDefault(path, "");
}
