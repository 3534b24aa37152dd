using System.Globalization;
using System.Text.Json.Nodes;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>What a gated statement mentions, with the scopes in which names are looked up.</summary>
internal sealed record StatementAnalysis(
    IReadOnlyList<TableOccurrence> Tables,
    IReadOnlyList<SelectScope> Scopes,
    IReadOnlyList<ColumnMention> Columns,
    IReadOnlyList<StarMention> Stars,
    IReadOnlyList<JsonObject> ShowTables,
    IReadOnlyDictionary<string, string> CteNames);

/// <summary>
/// Finds tables, columns and scopes. Every CTE gets a name of our own, in its definition and at each use that resolves to it: should DuckDB
/// ever see a use differently, it finds nothing, rather than a file or a system view of the same name.
/// </summary>
internal sealed class StatementAnalyzer : SqlVisitor
{
    private readonly string _prefix;
    private readonly List<TableOccurrence> _tables = [];
    private readonly List<SelectScope> _scopes = [];
    private readonly List<ColumnMention> _columns = [];
    private readonly List<StarMention> _stars = [];
    private readonly List<JsonObject> _showTables = [];
    private readonly Dictionary<string, string> _cteNames = new(StringComparer.Ordinal);
    private CteFrame? _ctes;
    private SelectScope? _scope;
    private string? _recursiveName;

    private StatementAnalyzer(string prefix) => _prefix = prefix;

    /// <param name="statement">Rewritten in place where CTEs are renamed.</param>
    /// <param name="prefix">Start of the names that are given; nobody can have written it.</param>
    public static StatementAnalysis Analyze(JsonObject statement, string prefix)
    {
        var analyzer = new StatementAnalyzer(prefix);
        analyzer.VisitStatement(statement);
        return new StatementAnalysis(
            analyzer._tables, analyzer._scopes, analyzer._columns, analyzer._stars, analyzer._showTables, analyzer._cteNames);
    }

    protected override void VisitQuery(JsonObject query)
    {
        var shape = SqlShape.OfQuery(query);
        var (outerCtes, outerScope, recursiveName) = (_ctes, _scope, _recursiveName);
        _recursiveName = null;
        foreach (var cte in Required(query["cte_map"]).Objects("map"))
        {
            EnterCte(cte);
        }

        switch (query.Text("type"))
        {
            case "SELECT_NODE":
                _scope = new SelectScope(outerScope, query);
                _scopes.Add(_scope);
                foreach (var item in query.Objects("select_list").Select(e => e.Text("alias")).Where(a => a.Length > 0))
                {
                    _scope.SelectAliases.Add(item);
                }

                VisitTable(Required(query["from_table"]));
                VisitRest(query, shape, "cte_map", "from_table");
                break;
            case "RECURSIVE_CTE_NODE":
                VisitQuery(Required(query["left"]));
                var inner = _ctes;
                _ctes = new CteFrame(query.Text("cte_name"), recursiveName ?? throw SqlShape.Unknown("recursion outside of", "WITH"), _ctes);
                query["cte_name"] = recursiveName;
                VisitQuery(Required(query["right"]));
                _ctes = inner;
                VisitRest(query, shape, "cte_map", "left", "right", "key_targets");
                break;
            default:
                VisitRest(query, shape, "cte_map");
                break;
        }

        (_ctes, _scope) = (outerCtes, outerScope);
    }

    protected override void VisitTable(JsonObject table)
    {
        var scope = _scope ?? throw SqlShape.Unknown("FROM item outside of", "SELECT");
        switch (table.Text("type"))
        {
            case "BASE_TABLE" when table.Text("schema_name").Length == 0 && CteFrame.Find(_ctes, table.Text("table_name")) is { } cte:
                if (table["at_clause"] is not null)
                {
                    throw new StatementRefusedException($"AT is not possible on '{table.Text("table_name")}', which is not a table.", "Put AT inside of the WITH, behind the table's name.");
                }

                var name = table.Text("alias") is { Length: > 0 } alias ? alias : table.Text("table_name");
                table["alias"] = name;
                table["table_name"] = cte;
                scope.OtherAliases.Add(name);
                break;
            case "BASE_TABLE":
                var occurrence = new TableOccurrence(table, scope);
                _tables.Add(occurrence);
                scope.Tables.Add(occurrence);
                break;
            case "JOIN":
                scope.UsingColumns.UnionWith(table.Texts("using_columns"));
                scope.UsesAllColumns |= table.Text("ref_type") == "NATURAL";
                base.VisitTable(table);
                break;
            case "PIVOT":
                scope.UsesAllColumns = true;
                scope.OtherAliases.Add(table.Text("alias"));
                base.VisitTable(table);
                break;
            case "SHOW_REF" when SqlGate.ShowsTables(table):
                _showTables.Add(table);
                break;
            case "TABLE_FUNCTION":
                scope.OtherAliases.Add(table.Text("alias") is { Length: > 0 } given ? given : Required(table["function"]).Text("function_name"));
                base.VisitTable(table);
                break;
            default:
                scope.OtherAliases.Add(table.Text("alias"));
                base.VisitTable(table);
                break;
        }
    }

    protected override void VisitExpression(JsonObject expression)
    {
        switch (expression.Text("class"))
        {
            case "COLUMN_REF" when _scope is not null:
                _columns.Add(new ColumnMention(expression, _scope));
                break;
            case "STAR" when _scope is not null:
                _stars.Add(new StarMention(expression.Text("relation_name"), _scope));
                break;
        }

        base.VisitExpression(expression);
    }

    private void EnterCte(JsonObject entry)
    {
        var written = entry.Text("key");
        var name = $"{_prefix}w{_cteNames.Count.ToString(CultureInfo.InvariantCulture)}";
        _cteNames.Add(name, written);
        var cte = Required(entry["value"]);
        // A recursive CTE names itself in its own node; both names change together.
        _recursiveName = IsRecursive(cte) ? name : null;
        VisitCte(written, cte);
        entry["key"] = name;
        _ctes = new CteFrame(written, name, _ctes);
    }

    private static bool IsRecursive(JsonObject cte) =>
        cte["query"] is JsonObject statement && statement["node"] is JsonObject node && node.Text("type") == "RECURSIVE_CTE_NODE";

    private void VisitRest(JsonObject node, IReadOnlyDictionary<string, ShapeKind> shape, params string[] except)
    {
        foreach (var (property, value) in node.ToList())
        {
            if (value is not null && !except.Contains(property))
            {
                Child(value, shape[property]);
            }
        }
    }

    private sealed record CteFrame(string Written, string Name, CteFrame? Outer)
    {
        public static string? Find(CteFrame? frame, string name)
        {
            for (; frame is not null; frame = frame.Outer)
            {
                if (string.Equals(frame.Written, name, StringComparison.OrdinalIgnoreCase))
                {
                    return frame.Name;
                }
            }

            return null;
        }
    }
}
