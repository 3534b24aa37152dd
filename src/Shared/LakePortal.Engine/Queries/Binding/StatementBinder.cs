using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Engine.Queries.Pruning;
using LakePortal.Engine.Queries.Running;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>
/// From text to a statement that may run: parsed, gated, resolved, authorised, pinned, pruned, rewritten. Tables become subqueries in the
/// text itself, so that no statement ever has a name that another one could use.
/// </summary>
internal sealed class StatementBinder(ITableCatalog catalog, IQueryAuthorizer? authorizer, SqlParser parser, PolicyCompiler policies, FileLayouts layouts, EmptyFile emptyFile)
{
    private readonly TableResolver _resolver = new(catalog, authorizer, parser);

    public async Task<BoundStatement> BindAsync(LakeQueryRequest request, CancellationToken cancellationToken)
    {
        var (explain, start) = SqlText.SplitExplain(request.Sql);
        var statement = parser.ParseSelect(request.Sql[start..], start, request.Sql);
        Parameters.Bind(statement, request.Parameters);
        SqlGate.Check(statement);
        SubqueryNames.Set(statement);

        // Names in the rewritten text that nobody can have written or guessed.
        var prefix = "lp_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)) + "_";
        var analysis = StatementAnalyzer.Analyze(statement, prefix);
        await _resolver.ResolveAsync(analysis.Tables, request, cancellationToken).ConfigureAwait(false);

        var unpruned = await PinAsync(analysis.Tables, cancellationToken).ConfigureAwait(false);
        ColumnResolver.Resolve(analysis);
        var uses = Uses(analysis.Tables);
        var restrictions = await AuthorizeAsync(request, uses, cancellationToken).ConfigureAwait(false);
        var compiled = analysis.Tables.DistinctBy(t => (t.Identifier, t.Columns))
            .ToDictionary(t => (t.Identifier, t.Columns), t => policies.Compile(t.Identifier, restrictions.GetValueOrDefault(t.Identifier), t.Columns));
        var policyOf = analysis.Tables.ToDictionary(t => t, t => compiled[(t.Identifier, t.Columns)]);
        if (explain != ExplainMode.None && policyOf.Values.Any(p => p is not null))
        {
            throw new StatementRefusedException(
                "EXPLAIN is not possible here: it would show the row filters or masks of these tables.", "Run the query without EXPLAIN.");
        }

        var scans = await ScanAsync(analysis, policyOf, unpruned, cancellationToken).ConfigureAwait(false);
        var names = Names(analysis, prefix);
        var files = scans.Values.Select(s => s.Table).Distinct().ToDictionary(t => t, t => new LocalFiles(t));
        var sql = await RewriteAsync(request, statement, analysis, scans, files, prefix, cancellationToken).ConfigureAwait(false);
        return new BoundStatement(
            explain switch { ExplainMode.Explain => "EXPLAIN " + sql, ExplainMode.Analyze => "EXPLAIN ANALYZE " + sql, _ => sql },
            explain,
            uses,
            scans.Values.DistinctBy(s => s.Table.Identifier).ToDictionary(s => s.Table.Identifier, s => s.Plan.SnapshotId),

            // How many files a condition leaves would tell the range of values that a row filter hides.
            Sum(scans.Values.Where(s => s.Policy?.RowFilter is null).Select(s => s.Plan.Statistics)),
            [.. files.Values.SelectMany(f => f.Directories).Distinct(StringComparer.Ordinal)],
            await DeletedPositionsAsync(scans, files, cancellationToken).ConfigureAwait(false),
            new ErrorTranslator(names, policyOf.Values.Any(p => p is not null), analysis.Tables));
    }

    /// <summary>Sets each table's schema. At another snapshot than the current one the schema is the snapshot's, which planning tells.</summary>
    private static async Task<Dictionary<TableOccurrence, ScanPlan>> PinAsync(IReadOnlyList<TableOccurrence> tables, CancellationToken cancellationToken)
    {
        var plans = new Dictionary<TableOccurrence, ScanPlan>();
        foreach (var group in tables.GroupBy(t => (t.Identifier, t.Selector)))
        {
            var plan = group.Key.Selector == SnapshotSelector.Current
                ? null
                : await group.First().Bound.PlanScanAsync(group.Key.Selector, null, cancellationToken).ConfigureAwait(false);
            foreach (var table in group)
            {
                table.SetSchema(plan?.Schema ?? table.Bound.Schema);
                if (plan is not null)
                {
                    plans[table] = plan;
                }
            }
        }

        return plans;
    }

    private static List<TableUse> Uses(IReadOnlyList<TableOccurrence> tables) =>
    [
        .. tables.GroupBy(t => t.Identifier)
            .Select(g => new TableUse(g.Key, [.. g.SelectMany(t => t.UsedColumns).Select(c => c.Field.Name).Distinct(StringComparer.Ordinal)])),
    ];

    private async Task<IReadOnlyDictionary<TableIdentifier, TableRestriction>> AuthorizeAsync(
        LakeQueryRequest request, List<TableUse> uses, CancellationToken cancellationToken)
    {
        if (uses.Count == 0)
        {
            return new Dictionary<TableIdentifier, TableRestriction>();
        }

        if (authorizer is null)
        {
            throw new QueryDeniedException("No policies are in force, so no table may be read.");
        }

        var decision = await authorizer.AuthorizeAsync(request.Caller, uses, cancellationToken).ConfigureAwait(false);
        return decision.Allowed ? decision.Restrictions : throw new QueryDeniedException(decision.Reason ?? "You may not read what this query reads.");
    }

    private async Task<Dictionary<TableOccurrence, TableScan>> ScanAsync(
        StatementAnalysis analysis,
        Dictionary<TableOccurrence, ScanPolicy?> policyOf,
        Dictionary<TableOccurrence, ScanPlan> unpruned,
        CancellationToken cancellationToken)
    {
        var constants = new Constants(parser);
        var pruner = new Pruner(constants, (table, column) => policyOf[table]?.Masks.ContainsKey(column.Name) != true);
        foreach (var scope in analysis.Scopes)
        {
            pruner.Collect(scope);
        }

        foreach (var (table, policy) in policyOf)
        {
            if (policy?.FilterTree is { } filter)
            {
                pruner.CollectFilter(table, filter);
            }
        }

        var scans = new Dictionary<TableOccurrence, TableScan>();
        foreach (var table in analysis.Tables)
        {
            var predicate = pruner.PredicateFor(table);
            var plan = predicate is null && unpruned.TryGetValue(table, out var known)
                ? known
                : await table.Bound.PlanScanAsync(table.Selector, predicate, cancellationToken).ConfigureAwait(false);
            scans[table] = new TableScan(table.Bound, plan, [.. table.UsedColumns], table.Columns, policyOf[table]);
        }

        return scans;
    }

    private async Task<string> RewriteAsync(
        LakeQueryRequest request,
        JsonObject statement,
        StatementAnalysis analysis,
        Dictionary<TableOccurrence, TableScan> scans,
        Dictionary<Table, LocalFiles> files,
        string prefix,
        CancellationToken cancellationToken)
    {
        var replacements = new List<(string Token, string Sql)>();
        foreach (var table in analysis.Tables)
        {
            var scan = scans[table];
            var local = files[scan.Table];
            table.Node["schema_name"] = "";
            table.Node["table_name"] = table.Token;
            table.Node["alias"] = table.Alias;
            table.Node["at_clause"] = null;
            var groups = await layouts.GroupAsync(scan, local, cancellationToken).ConfigureAwait(false);
            replacements.Add((table.Token, new ScanSql(scan, local, VectorTable(table), emptyFile).Write(groups)));
        }

        foreach (var show in analysis.ShowTables)
        {
            var token = $"{prefix}s{replacements.Count.ToString(CultureInfo.InvariantCulture)}_";
            var tables = await _resolver.VisibleAsync(request.Caller, cancellationToken).ConfigureAwait(false);
            replacements.Add((token, ShowTables(tables)));
            MakeBaseTable(show, token);
        }

        var sql = parser.ToSql(statement);
        return replacements.Aggregate(sql, (text, r) => text.Replace(r.Token, r.Sql, StringComparison.Ordinal));
    }

    private static string VectorTable(TableOccurrence table) => table.Token + "v";

    private static async Task<IReadOnlyList<DeletedPositions>> DeletedPositionsAsync(
        Dictionary<TableOccurrence, TableScan> scans, Dictionary<Table, LocalFiles> files, CancellationToken cancellationToken)
    {
        // One set for each mention: the same file may be read at two snapshots with different deletes.
        var result = new List<DeletedPositions>();
        foreach (var (occurrence, scan) in scans)
        {
            var positions = new List<(string, IReadOnlyList<long>)>();
            foreach (var task in scan.Plan.Tasks)
            {
                foreach (var vector in task.Deletes.Where(DeleteKinds.IsVector))
                {
                    positions.Add((files[scan.Table].PathOf(task.File.Path), await scan.Table.ReadDeletionVectorAsync(vector, cancellationToken).ConfigureAwait(false)));
                }
            }

            if (positions.Count > 0)
            {
                result.Add(new DeletedPositions(VectorTable(occurrence), positions));
            }
        }

        return result;
    }

    private static string ShowTables(IReadOnlyList<TableIdentifier> tables) => tables.Count == 0
        ? "(SELECT NULL::VARCHAR AS namespace, NULL::VARCHAR AS name WHERE false)"
        : "(SELECT namespace, name FROM (VALUES " + string.Join(", ", tables.Select(t => $"({SqlQuote.Text(t.Namespace)}, {SqlQuote.Text(t.Name)})")) + ") AS v(namespace, name) ORDER BY ALL)";

    private static void MakeBaseTable(JsonObject node, string token)
    {
        node.Clear();
        foreach (var (name, value) in new (string, JsonNode?)[]
        {
            ("type", "BASE_TABLE"), ("alias", "tables"), ("sample", null), ("query_location", 0), ("schema_name", ""), ("table_name", token),
            ("column_name_alias", new JsonArray()), ("catalog_name", ""), ("at_clause", null),
        })
        {
            node[name] = value;
        }
    }

    private static Dictionary<string, string> Names(StatementAnalysis analysis, string prefix)
    {
        var names = new Dictionary<string, string>(analysis.CteNames, StringComparer.Ordinal);
        foreach (var (table, i) in analysis.Tables.Select((t, i) => (t, i)))
        {
            table.Token = $"{prefix}t{i.ToString(CultureInfo.InvariantCulture)}_";
            names[table.Token] = table.WrittenFullName;
        }

        return names;
    }

    private static ScanStatistics Sum(IEnumerable<ScanStatistics> all) => all.Aggregate(
        new ScanStatistics(0, 0, 0, 0, 0, 0),
        (a, b) => new ScanStatistics(
            a.ManifestsTotal + b.ManifestsTotal, a.ManifestsRead + b.ManifestsRead, a.FilesTotal + b.FilesTotal, a.FilesKept + b.FilesKept,
            a.BytesKept + b.BytesKept, a.RowsKept + b.RowsKept));
}
