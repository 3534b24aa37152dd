using System.Text.Json.Nodes;
using LakePortal.Engine.Queries.Analysis;

namespace LakePortal.Engine.Queries.Pruning;

/// <summary>Tells whether an expression depends on nothing: no column, no subquery, no clock, no chance.</summary>
internal sealed class ConstantCheck : SqlVisitor
{
    private static readonly HashSet<string> PureFunctions = new(StringComparer.OrdinalIgnoreCase)
    {
        "+", "-", "*", "/", "//", "%", "||", "trunc", "round", "floor", "ceil", "abs", "date_trunc", "make_date", "make_timestamp", "to_years",
        "to_months", "to_days", "to_hours", "to_minutes", "to_seconds", "to_weeks", "to_quarters", "lower", "upper", "strptime",
    };

    private static readonly HashSet<string> ClockFunctions = new(StringComparer.OrdinalIgnoreCase)
    {
        "now", "current_timestamp", "get_current_timestamp", "current_date", "today", "transaction_timestamp",
    };

    private readonly bool _clock;
    private bool _constant = true;

    private ConstantCheck(bool clock) => _clock = clock;

    public static bool IsPure(JsonObject expression) => Is(expression, clock: false);

    /// <summary>As <see cref="IsPure"/>, but the present moment is allowed.</summary>
    public static bool IsComputable(JsonObject expression) => Is(expression, clock: true);

    protected override void VisitExpression(JsonObject expression)
    {
        var name = expression.Text("function_name");
        _constant &= expression.Text("class") switch
        {
            "CONSTANT" => !(expression["value"] is JsonObject value && value.Flag("is_null")),
            "CAST" => true,
            "FUNCTION" => PureFunctions.Contains(name) || (_clock && ClockFunctions.Contains(name)),
            "COLUMN_REF" => _clock && expression.Texts("column_names").ToList() is [var only] && ClockFunctions.Contains(only),
            _ => false,
        };
        if (_constant)
        {
            base.VisitExpression(expression);
        }
    }

    private static bool Is(JsonObject expression, bool clock)
    {
        var check = new ConstantCheck(clock);
        check.VisitExpression(expression);
        return check._constant;
    }
}
