using System.Text.Json.Nodes;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>
/// Walks a whole parse tree along <see cref="SqlShape"/>. Whatever is not in the shape throws, so that a subclass has seen every node of a
/// statement that it has walked to the end.
/// </summary>
internal abstract class SqlVisitor
{
    protected virtual void VisitQuery(JsonObject query) => Children(query, SqlShape.OfQuery(query));

    protected virtual void VisitTable(JsonObject table) => Children(table, SqlShape.OfTable(table));

    protected virtual void VisitExpression(JsonObject expression) => Children(expression, SqlShape.OfExpression(expression));

    protected virtual void VisitCte(string name, JsonObject cte)
    {
        VisitStatement(cte["query"]);
        VisitAll(cte["key_targets"]);
    }

    protected void VisitStatement(JsonNode? statement)
    {
        if (statement is JsonObject { } wrapper)
        {
            VisitQuery(Required(wrapper["node"]));
        }
        else if (statement is not null)
        {
            throw SqlShape.Unknown("subquery", statement.GetValueKind().ToString());
        }
    }

    protected void Children(JsonObject node, IReadOnlyDictionary<string, ShapeKind> shape)
    {
        foreach (var (property, value) in node)
        {
            if (value is not null)
            {
                Child(value, shape[property]);
            }
        }
    }

    protected void Child(JsonNode value, ShapeKind kind)
    {
        switch (kind)
        {
            case ShapeKind.Inert or ShapeKind.Empty:
                break;
            case ShapeKind.Expression:
                VisitExpression(Required(value));
                break;
            case ShapeKind.Expressions:
                VisitAll(value);
                break;
            case ShapeKind.ExpressionLists:
                foreach (var list in value.AsArray())
                {
                    VisitAll(list);
                }

                break;
            case ShapeKind.Query:
                VisitQuery(Required(value));
                break;
            case ShapeKind.Statement:
                VisitStatement(value);
                break;
            case ShapeKind.TableRef:
                VisitTable(Required(value));
                break;
            case ShapeKind.Modifiers:
                foreach (var modifier in value.AsArray())
                {
                    VisitModifier(Required(modifier));
                }

                break;
            case ShapeKind.Ctes:
                foreach (var cte in Required(value).Objects("map"))
                {
                    VisitCte(cte.Text("key"), Required(cte["value"]));
                }

                break;
            case ShapeKind.Orders:
                VisitOrders(value is JsonObject holder ? holder["orders"] : value);
                break;
            case ShapeKind.KeyedExpressions:
                foreach (var entry in value.AsArray())
                {
                    VisitExpression(Required(Required(entry)["value"]));
                }

                break;
            case ShapeKind.CaseChecks:
                foreach (var check in value.AsArray())
                {
                    VisitExpression(Required(Required(check)["when_expr"]));
                    VisitExpression(Required(Required(check)["then_expr"]));
                }

                break;
            case ShapeKind.Pivots:
                foreach (var pivot in value.AsArray())
                {
                    VisitPivot(Required(pivot));
                }

                break;
            case ShapeKind.AtClause:
                VisitAt(Required(value));
                break;
            default:
                throw new InvalidOperationException($"No visit for {kind}.");
        }
    }

    protected virtual void VisitAt(JsonObject at) => VisitExpression(Required(at["expr"]));

    protected virtual void VisitPivot(JsonObject pivot)
    {
        if (pivot.Text("pivot_enum").Length > 0)
        {
            throw SqlShape.Unknown("PIVOT over the enum", pivot.Text("pivot_enum"));
        }

        VisitAll(pivot["pivot_expressions"]);
        foreach (var entry in pivot.Objects("entries"))
        {
            if (entry["star_expr"] is { } star)
            {
                VisitExpression(Required(star));
            }
        }
    }

    protected static JsonObject Required(JsonNode? node) =>
        node as JsonObject ?? throw SqlShape.Unknown("construct", node?.GetValueKind().ToString() ?? "null");

    protected void VisitAll(JsonNode? list)
    {
        if (list is null)
        {
            return;
        }

        foreach (var expression in list.AsArray())
        {
            VisitExpression(Required(expression));
        }
    }

    private void VisitModifier(JsonObject modifier)
    {
        foreach (var (property, value) in modifier)
        {
            if (value is null)
            {
                continue;
            }

            switch (property)
            {
                case "type" when value.GetValue<string>() is "ORDER_MODIFIER" or "LIMIT_MODIFIER" or "LIMIT_PERCENT_MODIFIER" or "DISTINCT_MODIFIER":
                    break;
                case "orders":
                    VisitOrders(value);
                    break;
                case "limit" or "offset":
                    VisitExpression(Required(value));
                    break;
                case "distinct_on_targets":
                    VisitAll(value);
                    break;
                default:
                    throw SqlShape.Unknown("modifier", property);
            }
        }
    }

    private void VisitOrders(JsonNode? orders)
    {
        if (orders is null)
        {
            return;
        }

        foreach (var order in orders.AsArray())
        {
            VisitExpression(Required(Required(order)["expression"]));
        }
    }
}
