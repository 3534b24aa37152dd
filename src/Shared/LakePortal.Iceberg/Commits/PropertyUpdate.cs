using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

internal static class PropertyUpdate
{
    public static TableMetadata Apply(TableMetadata current, IReadOnlyDictionary<string, string?> changes)
    {
        var properties = new Dictionary<string, string>(current.Properties, StringComparer.Ordinal);
        var changed = false;
        foreach (var (key, value) in changes)
        {
            if (value is null)
            {
                changed |= properties.Remove(key);
            }
            else if (!properties.TryGetValue(key, out var before) || before != value)
            {
                properties[key] = value;
                changed = true;
            }
        }

        return changed ? current with { Properties = properties } : current;
    }
}
