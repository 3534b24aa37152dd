using System.Globalization;
using System.Text.Json.Nodes;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>
/// Names result columns that are made of subqueries and have no name. The engine would call them by their text, and that of a subquery is the rewritten one,
/// with the places of the files.
/// </summary>
internal static class SubqueryNames
{
    public static void Set(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject member:
                if (member["select_list"] is JsonArray list)
                {
                    SetIn(list);
                }

                foreach (var (_, child) in member)
                {
                    Set(child);
                }

                break;
            case JsonArray items:
                foreach (var item in items)
                {
                    Set(item);
                }

                break;
            default:
                break;
        }
    }

    private static void SetIn(JsonArray list)
    {
        var number = 0;
        foreach (var item in list.OfType<JsonObject>().Where(i => (string?)i["alias"] is null or "" && HoldsSubquery(i)))
        {
            // Brackets keep it apart from whatever a query may refer to.
            item["alias"] = ++number == 1 ? "(subquery)" : string.Create(CultureInfo.InvariantCulture, $"(subquery {number})");
        }
    }

    private static bool HoldsSubquery(JsonNode? node) => node switch
    {
        JsonObject member => (string?)(member["class"] as JsonValue) == "SUBQUERY" || member.Any(m => HoldsSubquery(m.Value)),
        JsonArray items => items.Any(HoldsSubquery),
        _ => false,
    };
}
