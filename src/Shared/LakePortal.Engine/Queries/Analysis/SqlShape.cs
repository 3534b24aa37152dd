using System.Text.Json.Nodes;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>What a property of a parse-tree node holds.</summary>
internal enum ShapeKind
{
    /// <summary>Names, flags, constants: nothing that could read anything.</summary>
    Inert,
    Expression,
    Expressions,
    ExpressionLists,
    Query,
    Statement,
    TableRef,
    Modifiers,
    Ctes,
    Orders,
    KeyedExpressions,
    CaseChecks,
    Pivots,
    AtClause,

    /// <summary>Must be null, empty or an empty string: a feature that nobody has reviewed.</summary>
    Empty,
}

/// <summary>
/// The parse trees that the gate lets pass, node type by node type and property by property, as DuckDB's <c>json_serialize_sql</c> writes
/// them. A node type or property that is not listed here is refused: a newer DuckDB that adds one fails closed.
/// </summary>
internal static class SqlShape
{
    private static readonly string[] Common = ["type", "alias", "query_location"];

    private static readonly Dictionary<string, Dictionary<string, ShapeKind>> Queries = Build(
        ("SELECT_NODE", "modifiers:Modifiers cte_map:Ctes select_list:Expressions from_table:TableRef where_clause:Expression group_expressions:Expressions group_sets:Inert aggregate_handling:Inert having:Expression sample:Inert qualify:Expression"),
        ("SET_OPERATION_NODE", "modifiers:Modifiers cte_map:Ctes setop_type:Inert left:Query right:Query setop_all:Inert"),
        ("RECURSIVE_CTE_NODE", "modifiers:Modifiers cte_map:Ctes cte_name:Inert union_all:Inert left:Query right:Query aliases:Inert key_targets:Expressions"));

    private static readonly Dictionary<string, Dictionary<string, ShapeKind>> Tables = Build(
        ("BASE_TABLE", "sample:Inert schema_name:Inert table_name:Inert column_name_alias:Inert catalog_name:Inert at_clause:AtClause"),
        ("SUBQUERY", "sample:Inert subquery:Statement column_name_alias:Inert"),
        ("JOIN", "sample:Inert left:TableRef right:TableRef condition:Expression join_type:Inert ref_type:Inert using_columns:Inert delim_flipped:Inert duplicate_eliminated_columns:Empty"),
        ("TABLE_FUNCTION", "sample:Inert function:Expression column_name_alias:Inert with_ordinality:Inert"),
        ("EXPRESSION_LIST", "sample:Inert expected_names:Inert expected_types:Empty values:ExpressionLists"),
        ("EMPTY", "sample:Inert"),
        ("PIVOT", "sample:Inert source:TableRef aggregates:Expressions unpivot_names:Inert pivots:Pivots groups:Inert column_name_alias:Inert include_nulls:Inert"),
        ("SHOW_REF", "sample:Inert table_name:Inert query:Query show_type:Inert catalog_name:Empty schema_name:Empty"));

    private static readonly Dictionary<string, Dictionary<string, ShapeKind>> Expressions = Build(
        ("COLUMN_REF", "column_names:Inert"),
        ("CONSTANT", "value:Inert"),
        ("FUNCTION", "function_name:Inert schema:Inert children:Expressions filter:Expression order_bys:Orders distinct:Inert is_operator:Inert export_state:Inert catalog:Empty"),
        ("CAST", "child:Expression cast_type:Inert try_cast:Inert"),
        ("COMPARISON", "left:Expression right:Expression"),
        ("CONJUNCTION", "children:Expressions"),
        ("OPERATOR", "children:Expressions"),
        ("BETWEEN", "input:Expression lower:Expression upper:Expression"),
        ("CASE", "case_checks:CaseChecks else_expr:Expression"),
        ("SUBQUERY", "subquery_type:Inert subquery:Statement child:Expression comparison_type:Inert"),
        ("STAR", "relation_name:Inert exclude_list:Inert replace_list:KeyedExpressions columns:Inert expr:Expression qualified_exclude_list:Inert rename_list:Inert"),
        ("LAMBDA", "lhs:Expression expr:Expression syntax_type:Inert"),
        ("WINDOW", "function_name:Inert schema:Inert catalog:Empty children:Expressions partitions:Expressions orders:Orders start:Inert end:Inert start_expr:Expression end_expr:Expression offset_expr:Expression default_expr:Expression ignore_nulls:Inert filter_expr:Expression exclude_clause:Inert distinct:Inert arg_orders:Orders"),
        ("POSITIONAL_REFERENCE", "index:Inert"),
        ("COLLATE", "child:Expression collation:Inert"));

    private static readonly HashSet<string> Operators =
    [
        "OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_NULLIF", "OPERATOR_COALESCE", "OPERATOR_TRY", "COMPARE_IN",
        "COMPARE_NOT_IN", "ARRAY_EXTRACT", "ARRAY_SLICE", "STRUCT_EXTRACT", "ARRAY_CONSTRUCTOR", "GROUPING_FUNCTION", "OPERATOR_UNPACK",
    ];

    public static IReadOnlyDictionary<string, ShapeKind> OfQuery(JsonObject node) => Find(Queries, node, "type", "query");

    public static IReadOnlyDictionary<string, ShapeKind> OfTable(JsonObject node) => Find(Tables, node, "type", "FROM item");

    public static IReadOnlyDictionary<string, ShapeKind> OfExpression(JsonObject node)
    {
        var shape = Find(Expressions, node, "class", "expression");
        if (node.Text("class") == "OPERATOR" && !Operators.Contains(node.Text("type")))
        {
            throw Unknown("operator", node.Text("type"));
        }

        return shape;
    }

    public static StatementRefusedException Unknown(string what, string name) =>
        new($"The {what} '{name}' is not allowed in queries.", "Queries may SELECT from lake tables; see the SQL page's help for what is allowed.");

    private static Dictionary<string, ShapeKind> Find(
        Dictionary<string, Dictionary<string, ShapeKind>> shapes, JsonObject node, string discriminator, string what)
    {
        var name = node.Text(discriminator);
        if (!shapes.TryGetValue(name, out var shape))
        {
            throw Unknown(what, name);
        }

        foreach (var (property, value) in node)
        {
            if (!shape.TryGetValue(property, out var kind))
            {
                throw Unknown($"part '{property}' of", name);
            }

            if (kind == ShapeKind.Empty && !IsEmpty(value))
            {
                throw Unknown($"part '{property}' of", name);
            }
        }

        return shape;
    }

    private static bool IsEmpty(JsonNode? value) =>
        value is null or JsonArray { Count: 0 } || (value is JsonValue text && text.TryGetValue<string>(out var s) && s.Length == 0);

    private static Dictionary<string, Dictionary<string, ShapeKind>> Build(params (string Name, string Properties)[] shapes) =>
        shapes.ToDictionary(
            s => s.Name,
            s => s.Properties.Split(' ')
                .Select(p => p.Split(':'))
                .Select(p => (p[0], Enum.Parse<ShapeKind>(p[1])))
                .Concat(Common.Append("class").Select(c => (c, ShapeKind.Inert)))
                .ToDictionary(p => p.Item1, p => p.Item2, StringComparer.Ordinal),
            StringComparer.Ordinal);
}
