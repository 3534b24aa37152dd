using System.Globalization;
using System.Text.Json.Nodes;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Engine.Queries.Pruning;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Scans;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>Finds the tables that a statement names, as far as the caller may know of them, each loaded once per statement.</summary>
internal sealed class TableResolver(ITableCatalog catalog, IQueryAuthorizer? authorizer, SqlParser parser)
{
    public async Task ResolveAsync(IReadOnlyList<TableOccurrence> occurrences, LakeQueryRequest request, CancellationToken cancellationToken)
    {
        var tables = new Dictionary<TableIdentifier, Table>();
        foreach (var group in occurrences.GroupBy(o => (o.WrittenNamespace, o.WrittenName)))
        {
            var table = await FindAsync(group.Key.WrittenNamespace, group.Key.WrittenName, request.Caller, tables, cancellationToken).ConfigureAwait(false);
            foreach (var occurrence in group)
            {
                occurrence.Table = table;
            }
        }

        foreach (var occurrence in occurrences)
        {
            occurrence.Selector = occurrence.Node["at_clause"] is JsonObject at
                ? Select(occurrence.Bound, at)
                : request.At?.GetValueOrDefault(occurrence.Identifier) is { } given ? Checked(occurrence.Bound, given) : SnapshotSelector.Current;
        }
    }

    public async Task<IReadOnlyList<TableIdentifier>> VisibleAsync(Caller caller, CancellationToken cancellationToken)
    {
        var all = await catalog.ListAsync(null, cancellationToken).ConfigureAwait(false);
        return authorizer is null ? [] : await authorizer.VisibleAsync(caller, all, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Table> FindAsync(
        string ns, string name, Caller caller, Dictionary<TableIdentifier, Table> loaded, CancellationToken cancellationToken)
    {
        if (ns.Length > 0)
        {
            var exact = new TableIdentifier(ns, name);
            if (loaded.TryGetValue(exact, out var known))
            {
                return known;
            }

            if (await catalog.FindAsync(exact, cancellationToken).ConfigureAwait(false) is { } table && await IsVisibleAsync(caller, exact, cancellationToken).ConfigureAwait(false))
            {
                return loaded[exact] = table;
            }
        }

        var visible = await VisibleAsync(caller, cancellationToken).ConfigureAwait(false);
        var matches = ns.Length == 0 ? [] : visible.Where(t => Same(t.Namespace, ns) && Same(t.Name, name)).ToList();
        if (matches.Count == 1)
        {
            if (!loaded.TryGetValue(matches[0], out var table))
            {
                loaded[matches[0]] = table = await catalog.LoadAsync(matches[0], cancellationToken).ConfigureAwait(false);
            }

            return table;
        }

        throw Unknown(ns, name, visible, matches);
    }

    private async Task<bool> IsVisibleAsync(Caller caller, TableIdentifier table, CancellationToken cancellationToken) =>
        authorizer is null || (await authorizer.VisibleAsync(caller, [table], cancellationToken).ConfigureAwait(false)).Contains(table);

    private static UnknownTableException Unknown(
        string ns, string name, IReadOnlyList<TableIdentifier> visible, List<TableIdentifier> matches)
    {
        var full = ns.Length == 0 ? name : $"{ns}.{name}";
        if (matches.Count > 1)
        {
            return new UnknownTableException(full, $"Several tables differ in case only; write one exactly: {string.Join(", ", matches)}.");
        }

        if (ns.Length == 0 && visible.Where(t => Same(t.Name, name)).ToList() is { Count: > 0 } sameName)
        {
            return new UnknownTableException(full, $"Write the namespace, too: did you mean {string.Join(" or ", sameName.Take(3))}?");
        }

        if (name.Contains('/', StringComparison.Ordinal) || (ns.Length == 0 && name.Contains('.', StringComparison.Ordinal)))
        {
            return new UnknownTableException(full, "Queries read lake tables (namespace.table), not files; a source brings files into the lake.");
        }

        return new UnknownTableException(
            full, Suggestions.DidYouMean(full, visible.Select(t => t.ToString())) ?? "SHOW TABLES lists the tables that you may read; write them as namespace.table.");
    }

    private SnapshotSelector Select(Table table, JsonObject at)
    {
        if (at["expr"] is not JsonObject expression || !ConstantCheck.IsComputable(expression))
        {
            throw new StatementRefusedException("AT takes a constant.", "Write AT (VERSION => 123), AT (VERSION => 'branch') or AT (TIMESTAMP => TIMESTAMP '2026-01-31 12:00:00').");
        }

        var text = parser.ToSql(SqlNodes.Select([SqlNodes.Unnamed(expression)]));
        var isTime = string.Equals(at.Text("unit"), "TIMESTAMP", StringComparison.OrdinalIgnoreCase);
        var row = parser.TryEvaluate(isTime ? $"SELECT epoch_us(x::TIMESTAMPTZ), x::VARCHAR FROM ({text}) AS t(x)" : $"SELECT x::VARCHAR, typeof(x) FROM ({text}) AS t(x)");
        if (row is null || row[0] is null)
        {
            throw new StatementRefusedException($"AT ({at.Text("unit")} => …) got a value that it cannot use.", "VERSION takes a snapshot id, branch or tag; TIMESTAMP a moment in time.");
        }

        if (isTime)
        {
            return Checked(table, new SnapshotSelector { AsOf = DateTimeOffset.UnixEpoch.AddTicks(Convert.ToInt64(row[0], CultureInfo.InvariantCulture) * 10) });
        }

        var version = (string)row[0]!;
        return (string)row[1]! == "VARCHAR" && (table.Metadata.Refs.ContainsKey(version) || !long.TryParse(version, CultureInfo.InvariantCulture, out _))
            ? Checked(table, new SnapshotSelector { Ref = version })
            : long.TryParse(version, CultureInfo.InvariantCulture, out var id)
                ? Checked(table, new SnapshotSelector { SnapshotId = id })
                : throw new UnknownSnapshotException(table.Identifier, $"snapshot {version}");
    }

    private static SnapshotSelector Checked(Table table, SnapshotSelector selector)
    {
        var metadata = table.Metadata;
        return selector switch
        {
            { Ref: { } name } when !metadata.Refs.ContainsKey(name) && !(name == "main" && metadata.CurrentSnapshotId is null) =>
                throw new UnknownSnapshotException(table.Identifier, $"branch or tag '{name}'"),
            { SnapshotId: { } id } when metadata.FindSnapshot(id) is null =>
                throw new UnknownSnapshotException(table.Identifier, FormattableString.Invariant($"snapshot {id}")),
            { AsOf: { } time } when !metadata.SnapshotLog.Any(e => e.Timestamp <= time) =>
                throw new UnknownSnapshotException(table.Identifier, FormattableString.Invariant($"snapshot as early as {time:yyyy-MM-dd HH:mm:ss.ffffffzzz}")),
            _ => selector,
        };
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
