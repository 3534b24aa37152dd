using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>
/// Lets pass what reads governed tables and computes, and nothing else. Walks every node; what it does not know it refuses. Which tables
/// are meant is decided by the binder: every name of a table becomes a governed scan or an error there.
/// </summary>
internal sealed class SqlGate : SqlVisitor
{
    private SqlGate()
    {
    }

    public static void Check(JsonObject statement) => new SqlGate().VisitStatement(statement);

    protected override void VisitExpression(JsonObject expression)
    {
        switch (expression.Text("class"))
        {
            case "FUNCTION":
                CheckFunction(expression, AllowedFunctions.Scalars, "function");
                if (expression.Flag("export_state"))
                {
                    throw SqlShape.Unknown("modifier", "EXPORT_STATE");
                }

                break;
            case "WINDOW":
                CheckFunction(expression, AllowedFunctions.Scalars, "function");
                break;
            case "PARAMETER":
                throw new QueryBindingException($"No value was given for the parameter ${expression.Text("identifier")}.", "Give a value for every $name.");
        }

        base.VisitExpression(expression);
    }

    protected override void VisitTable(JsonObject table)
    {
        switch (table.Text("type"))
        {
            case "TABLE_FUNCTION" when table["function"] is JsonObject function:
                CheckFunction(function, AllowedFunctions.Tables, "table function");

                // Its own children are walked; the call itself is not a scalar function.
                VisitAll(function["children"]);
                foreach (var (property, value) in function)
                {
                    _ = SqlShape.OfExpression(function)[property];
                    if (property is "filter" && value is not null)
                    {
                        throw SqlShape.Unknown("FILTER on", function.Text("function_name"));
                    }
                }

                _ = SqlShape.OfTable(table);
                return;
            case "BASE_TABLE" when table.Text("catalog_name").Length > 0:
                throw new StatementRefusedException(
                    $"The table name '{table.Text("catalog_name")}.{table.Text("schema_name")}.{table.Text("table_name")}' has more than two parts.",
                    "Write namespace.table, or namespace.\"a.b\" for a name that contains a dot.");
            case "SHOW_REF":
                CheckShow(table);
                break;
        }

        base.VisitTable(table);
    }

    private static void CheckShow(JsonObject table)
    {
        var allowed = table.Text("show_type") switch
        {
            "DESCRIBE" or "SUMMARY" => table["query"] is JsonObject,
            "SHOW_UNQUALIFIED" => table["query"] is null && ShowsTables(table),
            _ => false,
        };
        if (!allowed)
        {
            throw new StatementRefusedException(
                "This form of SHOW or DESCRIBE is not allowed.", "SHOW TABLES, DESCRIBE <table or query> and SUMMARIZE <table or query> are.");
        }
    }

    /// <summary>SHOW TABLES and SHOW ALL TABLES, which are answered from the lake's catalog.</summary>
    public static bool ShowsTables(JsonObject table) =>
        table.Text("show_type") == "SHOW_UNQUALIFIED" && table.Text("table_name") is "\"tables\"" or "__show_tables_expanded";

    private static void CheckFunction(JsonObject function, FrozenSet<string> allowed, string what)
    {
        var name = function.Text("function_name");
        if (function.Text("schema") is not ("" or "main"))
        {
            throw new StatementRefusedException(
                $"The call '{function.Text("schema")}.{name}(…)' is not allowed.", $"Write the function first: {name}({function.Text("schema")}, …).");
        }

        // An unknown operator with nothing behind it parses as one that stands behind its operand.
        const string Postfix = "__postfix";
        if (name.EndsWith(Postfix, StringComparison.Ordinal) && !allowed.Contains(name))
        {
            throw new StatementRefusedException($"Nothing follows the operator '{name[..^Postfix.Length]}'.", "Write what stands on its right side; equality is a single =.");
        }

        if (!allowed.Contains(name))
        {
            throw new StatementRefusedException(
                RefusedFunctions.ReasonFor(name) is { } reason
                    ? $"The {what} '{name}' is not allowed in queries: {reason}."
                    : $"The {what} '{name}' is not known or not allowed in queries.",
                what == "function" && AllowedFunctions.Tables.Contains(name)
                    ? "It is a table function: write it after FROM."
                    : what == "table function"
                        ? "FROM takes lake tables (namespace.table), subqueries and " + string.Join(", ", AllowedFunctions.Tables.Order(StringComparer.Ordinal)) + ". Files and other databases are brought in by a source."
                        : Suggestions.DidYouMean(name, AllowedFunctions.Scalars) ?? "Queries may compute with the usual functions; they cannot read files, settings or the environment.");
        }
    }
}
