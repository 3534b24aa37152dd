using LakePortal.Portal.Parts;
using LakePortal.Serving.Contracts.Queries;

namespace LakePortal.Portal.Pages.Sql;

/// <summary>The catalog in the form in which the editor completes it: namespace → table → columns with types.</summary>
internal static class CatalogSchema
{
    public static Dictionary<string, Dictionary<string, object[]>> For(IReadOnlyList<CompletionTable> tables)
    {
        var schema = new Dictionary<string, Dictionary<string, object[]>>(StringComparer.Ordinal);
        foreach (var table in tables)
        {
            var (ns, name) = Split(table.Table);
            if (!schema.TryGetValue(ns, out var entries))
            {
                schema[ns] = entries = new Dictionary<string, object[]>(StringComparer.Ordinal);
            }

            // A dot in a key would be read as a path by the editor.
            entries[name.Replace(".", "\\.", StringComparison.Ordinal)] =
                [.. table.Columns.Select(c => (object)new { label = c.Name, apply = PortalUrls.Quote(c.Name), type = "property", detail = c.Type })];
        }

        return schema;
    }

    public static (string Namespace, string Name) Split(string table)
    {
        var dot = table.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? ("", table) : (table[..dot], table[(dot + 1)..]);
    }
}
