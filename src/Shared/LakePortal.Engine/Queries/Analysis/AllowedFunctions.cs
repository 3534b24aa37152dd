using System.Collections.Frozen;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>The functions that queries may call: scalar, aggregate and window functions from the reviewed list, and a few table functions.</summary>
internal static class AllowedFunctions
{
    /// <summary>Table functions that make rows from their arguments alone.</summary>
    public static readonly FrozenSet<string> Tables = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "range", "generate_series", "unnest", "json_each", "json_tree", "repeat", "repeat_row");

    public static readonly FrozenSet<string> Scalars = Load();

    private static FrozenSet<string> Load()
    {
        using var stream = typeof(AllowedFunctions).Assembly.GetManifestResourceStream("LakePortal.Engine.AllowedFunctions.txt")
            ?? throw new InvalidOperationException("The list of allowed functions is missing from the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }
}
