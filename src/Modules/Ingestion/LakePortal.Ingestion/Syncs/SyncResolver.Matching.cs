using System.Runtime.ExceptionServices;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;

namespace LakePortal.Ingestion.Syncs;

/// <summary>Which tables of the source a document means, and whether they are as it says.</summary>
internal sealed partial class SyncResolver
{
    private sealed record MatchedTable(string Schema, string Table)
    {
        public IReadOnlyList<string> Warnings { get; init; } = [];
    }

    /// <param name="Reason">Why the source could not be asked; null: it was.</param>
    private sealed record SourceTables(IReadOnlyList<SourceTable> Tables, Exception? Reason);

    private async Task<IReadOnlyList<MatchedTable>> MatchAsync(
        ConfigDocument document, SourceDefinition source, SyncDocument sync, List<(TablePattern Pattern, int Index)> patterns, List<InputFault> faults, CancellationToken cancellationToken)
    {
        var known = await planned.Remember($"ingestion.tables/{source.Name}", () => ReadTablesAsync(source, cancellationToken));
        var result = new List<MatchedTable>();
        foreach (var (pattern, index) in patterns)
        {
            if (!pattern.IsPattern)
            {
                result.Add(Named(document, source, pattern, index, known, faults));
                continue;
            }

            if (known.Reason is { } reason)
            {
                ExceptionDispatchInfo.Throw(reason);
            }

            // A pattern means tables; views are loaded when somebody names them.
            var matches = known.Tables.Where(t => t.Kind is 'r' or 'p' && pattern.Matches(t.Schema, t.Name)).ToList();
            if (matches.Count == 0)
            {
                faults.Add(ConfigBinder.Fault(document, $"tables[{index}]", $"No table of '{source.Name}' matches {sync.Tables[index]}.", "The user sees only what it may read; views have to be named one by one."));
            }

            result.AddRange(matches.Select(t => new MatchedTable(t.Schema, t.Name)));
        }

        List<MatchedTable> distinct = [.. result.DistinctBy(t => (t.Schema, t.Table))];
        foreach (var table in distinct.Select(m => Find(known, m.Schema, m.Table)).OfType<SourceTable>())
        {
            faults.AddRange(CheckColumns(document, sync, table));
        }

        return distinct;
    }

    private static MatchedTable Named(ConfigDocument document, SourceDefinition source, TablePattern pattern, int index, SourceTables known, List<InputFault> faults)
    {
        var (match, path, name) = (new MatchedTable(pattern.Schema, pattern.Table), $"tables[{index}]", TablePattern.Exact(pattern.Schema, pattern.Table));
        if (known.Reason is { } reason)
        {
            var warning = ConfigBinder.Warning(document, path, $"Whether {name} is there could not be checked: {reason.Message}", (reason as LakePortalException)?.Hint);
            return match with { Warnings = [warning] };
        }

        if (Find(known, pattern.Schema, pattern.Table) is null)
        {
            var elsewhere = known.Tables.FirstOrDefault(t => t.Name == pattern.Table) is { } other ? $"Did you mean '{TablePattern.Exact(other.Schema, other.Name)}'?" : null;
            faults.Add(ConfigBinder.Fault(document, path, $"There is no table {name} in '{source.Name}'.",
                elsewhere ?? Suggestion.For(name, known.Tables.Select(t => TablePattern.Exact(t.Schema, t.Name))) ?? "Quoted names keep their case; partitions are loaded with their root."));
        }

        return match;
    }

    private static IEnumerable<InputFault> CheckColumns(ConfigDocument document, SyncDocument sync, SourceTable table)
    {
        var names = table.Columns.Select(c => c.Name).ToList();
        var wanted = sync.Key.Select((k, i) => (Path: $"key[{i}]", Column: k));
        foreach (var (path, column) in (sync.Cursor is { } cursor ? wanted.Append((Path: "cursor", Column: cursor)) : wanted).Where(w => !names.Contains(w.Column)))
        {
            yield return ConfigBinder.Fault(document, path, $"{TablePattern.Exact(table.Schema, table.Name)} has no column '{column}'.",
                Suggestion.For(column, names) ?? $"Its columns are {string.Join(", ", names)}.");
        }
    }

    private static SourceTable? Find(SourceTables known, string schema, string table) => known.Tables.FirstOrDefault(t => t.Schema == schema && t.Name == table);

    private async Task<SourceTables> ReadTablesAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        try
        {
            return new SourceTables(await systems.For(source).ReadTablesAsync(source, cancellationToken), null);
        }
        catch (LakePortalException e)
        {
            return new SourceTables([], e);
        }
    }
}
