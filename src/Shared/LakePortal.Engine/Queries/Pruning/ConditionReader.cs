using System.Text.Json.Nodes;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Queries.Pruning;

/// <summary>Reads conditions on single columns out of an expression. What it cannot read concludes nothing.</summary>
/// <param name="scope">The SELECT in which the expression stands.</param>
/// <param name="constants">Collects the constants.</param>
/// <param name="prunable">Whether a column may be used; columns behind a mask may not, its values are not those of the file.</param>
internal sealed class ConditionReader(SelectScope scope, Constants constants, Func<TableOccurrence, ExposedColumn, bool> prunable)
{
    /// <summary>The condition and the one table it is about; null when there is none.</summary>
    public (TableOccurrence Table, Condition Condition)? Read(JsonObject expression) => expression.Text("class") switch
    {
        "COMPARISON" => ReadComparison(expression),
        "BETWEEN" => ReadBetween(expression),
        "CONJUNCTION" => ReadConjunction(expression),
        "OPERATOR" => ReadOperator(expression),
        "FUNCTION" when expression.Text("function_name") == "~~" => ReadLike(expression),
        _ => null,
    };

    private (TableOccurrence, Condition)? ReadComparison(JsonObject expression)
    {
        if (expression["left"] is not JsonObject left || expression["right"] is not JsonObject right || OpOf(expression.Text("type")) is not { } op)
        {
            return null;
        }

        return Compare(left, op, right) ?? Compare(right, Flip(op), left);
    }

    private (TableOccurrence, Condition)? Compare(JsonObject column, CompareOp op, JsonObject constant) =>
        ColumnOf(column) is { } found && IsOrderedFor(found.Type, op) && constants.Add(constant, found.Type) is { } slot
            ? (found.Table, new Condition.Compare(found.Id, op, slot))
            : null;

    private (TableOccurrence, Condition)? ReadBetween(JsonObject expression)
    {
        if (expression["input"] is not JsonObject input || expression["lower"] is not JsonObject lower || expression["upper"] is not JsonObject upper)
        {
            return null;
        }

        var (from, to) = (Compare(input, CompareOp.GreaterOrEqual, lower), Compare(input, CompareOp.LessOrEqual, upper));
        return from is { } f && to is { } t ? (f.Item1, new Condition.All(f.Item2, t.Item2)) : from ?? to;
    }

    private (TableOccurrence, Condition)? ReadConjunction(JsonObject expression)
    {
        var parts = expression.Objects("children").Select(Read).ToList();
        var isAnd = expression.Text("type") == "CONJUNCTION_AND";
        if (parts.Count == 0 || (!isAnd && (expression.Text("type") != "CONJUNCTION_OR" || parts.Exists(p => p is null))))
        {
            return null;
        }

        var known = parts.OfType<(TableOccurrence Table, Condition Condition)>().ToList();
        if (known.Count == 0 || known.Exists(k => k.Table != known[0].Table))
        {
            return null;
        }

        var joined = known.Select(k => k.Condition)
            .Aggregate((a, b) => isAnd ? new Condition.All(a, b) : new Condition.Any(a, b));
        return (known[0].Table, joined);
    }

    private (TableOccurrence, Condition)? ReadOperator(JsonObject expression)
    {
        var children = expression.Objects("children").ToList();
        if (children.Count == 0)
        {
            return null;
        }

        switch (expression.Text("type"))
        {
            case "OPERATOR_IS_NULL" or "OPERATOR_IS_NOT_NULL" when ColumnOf(children[0], anyType: true) is { } column:
                return (column.Table, new Condition.Null(column.Id, expression.Text("type") == "OPERATOR_IS_NOT_NULL"));
            case "COMPARE_IN" when children.Count > 1 && ColumnOf(children[0]) is { } column && IsOrderedFor(column.Type, CompareOp.Equal):
                var slots = children.Skip(1).Select(c => constants.Add(c, column.Type)).OfType<int>().ToList();
                return slots.Count == children.Count - 1 ? (column.Table, new Condition.In(column.Id, slots)) : null;
            default:
                return null;
        }
    }

    private (TableOccurrence, Condition)? ReadLike(JsonObject expression)
    {
        var children = expression.Objects("children").ToList();
        if (children.Count != 2 || ColumnOf(children[0]) is not { Type.Kind: PrimitiveKind.String } column
            || children[1].Text("class") != "CONSTANT" || children[1]["value"] is not JsonObject value)
        {
            return null;
        }

        var prefix = value.Text("value").Split('%', '_')[0];
        return prefix.Length > 0 ? (column.Table, new Condition.StartsWith(column.Id, prefix)) : null;
    }

    private (TableOccurrence Table, int Id, PrimitiveType Type)? ColumnOf(JsonObject expression, bool anyType = false)
    {
        if (expression.Text("class") != "COLUMN_REF" || ColumnResolver.Certain(expression, scope) is not { } found || !prunable(found.Table, found.Column))
        {
            return null;
        }

        return found.Column.Field.Type is PrimitiveType type
            ? (found.Table, found.Column.Field.Id, type)
            : anyType ? (found.Table, found.Column.Field.Id, new PrimitiveType(PrimitiveKind.Unknown)) : null;
    }

    /// <summary>NaN is above all numbers for DuckDB but outside of the bounds of a file, and uuids are bounded as bytes.</summary>
    private static bool IsOrderedFor(PrimitiveType type, CompareOp op) => type.Kind switch
    {
        PrimitiveKind.Float or PrimitiveKind.Double => op is CompareOp.Equal or CompareOp.Less or CompareOp.LessOrEqual,
        PrimitiveKind.Uuid => op is CompareOp.Equal,
        _ => true,
    };

    private static CompareOp? OpOf(string type) => type switch
    {
        "COMPARE_EQUAL" => CompareOp.Equal,
        "COMPARE_NOTEQUAL" => CompareOp.NotEqual,
        "COMPARE_LESSTHAN" => CompareOp.Less,
        "COMPARE_LESSTHANOREQUALTO" => CompareOp.LessOrEqual,
        "COMPARE_GREATERTHAN" => CompareOp.Greater,
        "COMPARE_GREATERTHANOREQUALTO" => CompareOp.GreaterOrEqual,
        _ => null,
    };

    private static CompareOp Flip(CompareOp op) => op switch
    {
        CompareOp.Less => CompareOp.Greater,
        CompareOp.LessOrEqual => CompareOp.GreaterOrEqual,
        CompareOp.Greater => CompareOp.Less,
        CompareOp.GreaterOrEqual => CompareOp.LessOrEqual,
        _ => op,
    };
}
