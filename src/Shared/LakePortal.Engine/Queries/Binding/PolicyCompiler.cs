using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Iceberg;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Checks the expressions of row filters and masks like any query, so that a policy cannot smuggle in more than an expression.</summary>
internal sealed class PolicyCompiler(SqlParser parser)
{
    private const int CacheLimit = 10_000;
    private readonly ConcurrentDictionary<string, Compiled> _cache = new(StringComparer.Ordinal);

    public ScanPolicy? Compile(TableIdentifier table, TableRestriction? restriction, IReadOnlyList<ExposedColumn> columns)
    {
        if (restriction is null || (restriction.RowFilter is null && restriction.Masks.Count == 0))
        {
            return null;
        }

        var byName = columns.ToDictionary(c => c.Name, StringComparer.OrdinalIgnoreCase);
        var reads = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var masks = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var filter = restriction.RowFilter is null ? null : Use(restriction.RowFilter);
        foreach (var (column, expression) in restriction.Masks)
        {
            // A mask of a column that the table does not have (any more) hides nothing.
            if (byName.TryGetValue(column, out var masked))
            {
                var compiled = Use(expression);
                masks[column] = compiled.IsNull ? SqlQuote.Value(null, masked.Field.Type) : compiled.Sql;
            }
        }

        return new ScanPolicy(filter?.Sql, masks, reads) { FilterTree = filter?.Tree };

        Compiled Use(string expression)
        {
            var compiled = CompileExpression(table, expression);
            reads.UnionWith(compiled.Names.Where(byName.ContainsKey));
            return compiled;
        }
    }

    private Compiled CompileExpression(TableIdentifier table, string expression)
    {
        if (_cache.TryGetValue(expression, out var known))
        {
            return known;
        }

        try
        {
            // Without parentheses, which the expression could close and open again.
            var statement = parser.ParseSelect($"SELECT {expression}", 0, expression);
            SqlGate.Check(statement);
            var names = new ExpressionCheck();
            var tree = names.CheckOnly(statement);
            var sql = parser.ToSql(statement);
            var compiled = new Compiled(sql["SELECT ".Length..], tree, names.Names, IsNullConstant(tree));
            if (_cache.Count >= CacheLimit)
            {
                _cache.Clear();
            }

            _cache[expression] = compiled;
            return compiled;
        }
        catch (EngineException e)
        {
            throw new PolicyExpressionException(table, e);
        }
    }

    private static bool IsNullConstant(JsonObject tree) => tree.Text("class") == "CONSTANT" && tree["value"] is JsonObject value && value.Flag("is_null");

    private sealed record Compiled(string Sql, JsonObject Tree, IReadOnlySet<string> Names, bool IsNull);

    /// <summary>Accepts one expression without subqueries, and collects the names in it.</summary>
    private sealed class ExpressionCheck : SqlVisitor
    {
        public HashSet<string> Names { get; } = new(StringComparer.OrdinalIgnoreCase);

        public JsonObject CheckOnly(JsonObject statement)
        {
            var select = Required(statement["node"]);
            var list = select.Objects("select_list").ToList();
            var plain = select.Text("type") == "SELECT_NODE" && list.Count == 1 && select["from_table"] is JsonObject from && from.Text("type") == "EMPTY"
                && select["where_clause"] is null && select["having"] is null && select["qualify"] is null && select["sample"] is null && !select.Objects("modifiers").Any()
                && !select.Objects("group_expressions").Any() && !Required(select["cte_map"]).Objects("map").Any() && list[0].Text("alias").Length == 0;
            if (!plain)
            {
                throw new StatementRefusedException("It is not a single expression.", "Give one expression over the table's columns.");
            }

            VisitExpression(list[0]);
            return list[0];
        }

        protected override void VisitExpression(JsonObject expression)
        {
            switch (expression.Text("class"))
            {
                case "SUBQUERY" or "STAR" or "WINDOW":
                    throw new StatementRefusedException("Subqueries, * and window functions are not possible in policies.", "Give one expression over the table's columns.");
                case "COLUMN_REF":
                    Names.UnionWith(expression.Texts("column_names"));
                    break;
            }

            base.VisitExpression(expression);
        }
    }
}

/// <summary>A row filter or mask is not a valid expression: the table is closed until a steward repairs it.</summary>
public sealed class PolicyExpressionException(TableIdentifier table, EngineException cause)
    : EngineException("engine.policy-expression", LakePortal.Kernel.Errors.ErrorKind.Forbidden, $"A policy on '{table}' cannot be applied, so the table cannot be read.",
        "Ask a data steward to correct the row filter or mask of this table.", inner: cause);
