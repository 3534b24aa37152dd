using System.Globalization;
using LakePortal.Iceberg;

namespace LakePortal.Ingestion.Offload.Landing;

/// <summary>How many rows a table has, from the summary of its newest snapshot.</summary>
internal static class TableRows
{
    /// <returns>Null: it does not say.</returns>
    public static long? Of(Table? table) => Number(table, "total-records") is { } records ? records - (Number(table, "total-position-deletes") ?? 0) : null;

    // Rows under position deletes are counted in total-records; each is deleted once.
    private static long? Number(Table? table, string key) =>
        table?.Metadata.CurrentSnapshot?.Summary.TryGetValue(key, out var text) == true ? long.Parse(text, CultureInfo.InvariantCulture) : null;
}
