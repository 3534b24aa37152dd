using System.Text.Json.Nodes;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>Makes parse-tree nodes as DuckDB writes them.</summary>
internal static class SqlNodes
{
    /// <summary>A statement <c>SELECT e1, e2, …</c> without FROM.</summary>
    public static JsonObject Select(IEnumerable<JsonObject> expressions) => new()
    {
        ["node"] = new JsonObject
        {
            ["type"] = "SELECT_NODE",
            ["modifiers"] = new JsonArray(),
            ["cte_map"] = new JsonObject { ["map"] = new JsonArray() },
            ["select_list"] = new JsonArray([.. expressions]),
            ["from_table"] = new JsonObject { ["type"] = "EMPTY", ["alias"] = "", ["sample"] = null, ["query_location"] = 0 },
            ["where_clause"] = null,
            ["group_expressions"] = new JsonArray(),
            ["group_sets"] = new JsonArray(),
            ["aggregate_handling"] = "STANDARD_HANDLING",
            ["having"] = null,
            ["sample"] = null,
            ["qualify"] = null,
        },
        ["named_param_map"] = new JsonArray(),
    };

    /// <summary>A copy without its alias.</summary>
    public static JsonObject Unnamed(JsonObject expression)
    {
        var copy = expression.DeepClone().AsObject();
        copy["alias"] = "";
        return copy;
    }

    public static JsonObject Text(string value) => Constant("VARCHAR", value);

    public static JsonObject Null() => new()
    {
        ["class"] = "CONSTANT", ["type"] = "VALUE_CONSTANT", ["alias"] = "", ["query_location"] = 0,
        ["value"] = new JsonObject { ["type"] = TypeId("NULL"), ["is_null"] = true },
    };

    public static JsonObject Cast(JsonObject child, string type) => new()
    {
        ["class"] = "CAST", ["type"] = "OPERATOR_CAST", ["alias"] = "", ["query_location"] = 0,
        ["child"] = child, ["cast_type"] = TypeId(type), ["try_cast"] = false,
    };

    public static JsonObject CastDecimal(JsonObject child, int width, int scale)
    {
        var cast = Cast(child, "DECIMAL");
        cast["cast_type"]!["type_info"] = new JsonObject
        {
            ["type"] = "DECIMAL_TYPE_INFO", ["alias"] = "", ["extension_info"] = null, ["width"] = width, ["scale"] = scale,
        };
        return cast;
    }

    public static JsonObject Function(string name, params JsonObject[] arguments) => new()
    {
        ["class"] = "FUNCTION", ["type"] = "FUNCTION", ["alias"] = "", ["query_location"] = 0, ["function_name"] = name, ["schema"] = "",
        ["children"] = new JsonArray([.. arguments]), ["filter"] = null,
        ["order_bys"] = new JsonObject { ["type"] = "ORDER_MODIFIER", ["orders"] = new JsonArray() },
        ["distinct"] = false, ["is_operator"] = false, ["export_state"] = false, ["catalog"] = "",
    };

    private static JsonObject Constant(string type, string value) => new()
    {
        ["class"] = "CONSTANT", ["type"] = "VALUE_CONSTANT", ["alias"] = "", ["query_location"] = 0,
        ["value"] = new JsonObject { ["type"] = TypeId(type), ["is_null"] = false, ["value"] = value },
    };

    private static JsonObject TypeId(string id) => new() { ["id"] = id, ["type_info"] = null };
}
