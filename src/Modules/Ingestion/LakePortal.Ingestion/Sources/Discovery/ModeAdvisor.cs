using System.Globalization;

namespace LakePortal.Ingestion.Sources.Discovery;

/// <summary>
/// Which mode suits a table, from its size and change rate: replaced as a whole while it is small and quiet, followed in the source's log when its rows
/// change often, loaded in batches otherwise.
/// </summary>
internal static class ModeAdvisor
{
    private const long SmallRows = 100_000;
    private const long SmallBytes = 64L << 20;
    private const double QuietPerHour = 100;

    /// <param name="obstacle">Why the source's log cannot be followed; null: it can.</param>
    public static (string Mode, string Reason) Suggest(SourceTable table, string? obstacle)
    {
        var size = table.Rows is { } rows ? string.Create(CultureInfo.InvariantCulture, $"about {rows:N0} rows") : "unknown size";
        if (table.Kind is 'v' or 'm' or 'f')
        {
            return ("snapshot", $"A {table.KindName} has no changes in the log: it can only be read as a whole.");
        }

        var perHour = table.ChangesPerHour ?? 0;
        var isSmall = table.Bytes <= SmallBytes && table.Rows is null or <= SmallRows;
        if (isSmall && perHour <= QuietPerHour)
        {
            return ("snapshot", $"Small ({size}) and rarely changing: replacing it is cheap.");
        }

        if (table.ChangesPerHour is null && !table.HasRowVersions)
        {
            return obstacle is null
                ? ("bootstrap+cdc", $"{size}: one load, then its changes from the log; the server does not count changes.")
                : ("batch", $"{size}; following the log would suit it, but: {obstacle}");
        }

        var changes = string.Create(CultureInfo.InvariantCulture, $"{size}, {perHour:N0} updates and deletes per hour");
        if (perHour > QuietPerHour && table.WhyNoKey is null)
        {
            if (obstacle is null)
            {
                return ("bootstrap+cdc", $"{changes}: one load, then its changes from the log{(table.Key.Count == 0 ? "; without a key, changes need REPLICA IDENTITY FULL" : "")}.");
            }

            changes = $"{changes}; following the log would suit it, but: {obstacle}";
        }

        var cursor = table.Key.Count > 0 && table.HasRowVersions ? table.Columns.FirstOrDefault(c => c.Name is "updated_at" or "last_update" or "modified_at" or "last_modified" or "updated") : null;
        return ("batch", (cursor, table.Key.Count) switch
        {
            ({ } column, _) => $"{changes.TrimEnd('.')}; load what changed with cursor: {column.Name}.",
            (null, 0) => $"{changes.TrimEnd('.')}; it has no key, so every load reads all of it.",
            _ => $"{changes.TrimEnd('.')}.",
        });
    }
}
