using System.Globalization;
using System.Text.RegularExpressions;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Processing.Pipelines.Definition;

/// <summary>Reads partition fields as people write them: <c>day(created_at)</c>, <c>bucket(16, id)</c>, <c>truncate(4, name)</c>, <c>country</c>.</summary>
internal static partial class PartitionByText
{
    [GeneratedRegex(@"^\s*(?<transform>[a-z]+)\s*\(\s*(?:(?<parameter>[0-9]{1,9})\s*,\s*)?(?<column>[^(),]+?)\s*\)\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Call();

    public const string Forms = "Write a column, or year(c), month(c), day(c), hour(c), bucket(16, c), truncate(4, c).";

    /// <returns>Null when the text is none of these forms.</returns>
    public static PartitionBy? Read(string text)
    {
        if (text.IndexOfAny(['(', ')', ',']) < 0)
        {
            return string.IsNullOrWhiteSpace(text) ? null : new PartitionBy(text.Trim(), new Transform("identity"));
        }

        var match = Call().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var name = match.Groups["transform"].Value;
        var parameter = match.Groups["parameter"].Success ? int.Parse(match.Groups["parameter"].ValueSpan, CultureInfo.InvariantCulture) : 0;
        var fits = name switch
        {
            "year" or "month" or "day" or "hour" or "identity" => parameter == 0,
            "bucket" or "truncate" => parameter > 0,
            _ => false,
        };
        return fits ? new PartitionBy(match.Groups["column"].Value, new Transform(name, parameter)) : null;
    }

    public static string Write(PartitionBy field) => field.Transform switch
    {
        { Name: "identity" } => field.Column,
        { Parameter: > 0 } t => $"{t.Name}({t.Parameter}, {field.Column})",
        var t => $"{t.Name}({field.Column})",
    };
}
