using System.Globalization;
using System.Text.RegularExpressions;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Ingestion.Syncs;

/// <summary>Partition fields as they are written: <c>day(created_at)</c>, <c>bucket(16, id)</c>, <c>truncate(4, code)</c>, <c>region</c>.</summary>
internal static partial class PartitionText
{
    /// <returns>Null: not a partition field.</returns>
    public static PartitionBy? Parse(string text)
    {
        var match = Form().Match(text.Trim());
        if (!match.Success)
        {
            return null;
        }

        var function = match.Groups["function"].Value;
        var column = match.Groups["column"].Value.Trim();
        var parameter = match.Groups["number"].Success ? int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) : 0;
        return (function, parameter) switch
        {
            ("", 0) => new PartitionBy(column, new Transform("identity")),
            ("identity" or "year" or "month" or "day" or "hour", 0) => new PartitionBy(column, new Transform(function)),
            ("bucket" or "truncate", > 0) => new PartitionBy(column, new Transform(function, parameter)),
            _ => null,
        };
    }

    [GeneratedRegex(@"^(?:(?<function>[a-z]+)\(\s*(?:(?<number>\d{1,9})\s*,\s*)?(?<column>[^()]+?)\s*\)|(?<column>[^()]+))$")]
    private static partial Regex Form();
}
