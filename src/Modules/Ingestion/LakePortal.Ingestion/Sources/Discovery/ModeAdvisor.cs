using System.Globalization;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Sources.Discovery;

/// <summary>Which mode suits a table: replaced as a whole while it is small and quiet, loaded in batches otherwise.</summary>
internal static class ModeAdvisor
{
    private const long SmallRows = 100_000;
    private const long SmallBytes = 64L << 20;
    private const double QuietPerHour = 100;

    public static (string Mode, string Reason) Suggest(PgTable table)
    {
        var size = table.Rows is { } rows ? string.Create(CultureInfo.InvariantCulture, $"about {rows:N0} rows") : "unknown size";
        if (table.Kind is 'v' or 'f')
        {
            return ("snapshot", $"A {table.KindName} has no log and no row versions: it can only be read as a whole.");
        }

        var isSmall = table.Bytes <= SmallBytes && table.Rows is null or <= SmallRows;
        var perHour = table.ChangesPerHour ?? 0;
        if (isSmall && perHour <= QuietPerHour)
        {
            return ("snapshot", $"Small ({size}) and rarely changing: replacing it is cheap.");
        }

        var changes = string.Create(CultureInfo.InvariantCulture, $"{perHour:N0} changes per hour");
        var cursor = table.Key.Count > 0 ? table.Columns.FirstOrDefault(c => c.Name is "updated_at" or "last_update" or "modified_at" or "last_modified" or "updated") : null;
        return cursor is not null
            ? ("batch", $"{size}, {changes}; load what changed with cursor: {cursor.Name}.")
            : ("batch", table.Key.Count > 0 ? $"{size}, {changes}." : $"{size}, {changes}; it has no key, so every load reads all of it.");
    }
}
