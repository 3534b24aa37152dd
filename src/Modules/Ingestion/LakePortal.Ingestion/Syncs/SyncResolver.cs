using System.Text;
using System.Text.Json.Nodes;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Reconciliation.Running;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Scheduling;

namespace LakePortal.Ingestion.Syncs;

/// <summary>One sync out of a document, and the document that stands for it alone.</summary>
/// <param name="Warnings">What could not be looked at now.</param>
internal sealed record ResolvedSync(SyncDefinition Definition, JsonObject Document, IReadOnlyList<string> Warnings);

/// <summary>From a document, possibly with patterns, to one sync per table.</summary>
internal sealed partial class SyncResolver(SourceStore sources, SourceSystems systems, IPlannedDocuments planned)
{
    public static readonly IReadOnlyList<string> Modes = ["batch", "cdc", "bootstrap+cdc", "snapshot"];

    /// <exception cref="InvalidInputException">Faults with their places.</exception>
    public async Task<IReadOnlyList<ResolvedSync>> ResolveAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var sync = ConfigBinder.Bind<SyncDocument>(document);
        var faults = new List<InputFault>();
        var patterns = Check(document, sync, faults);
        var source = await FindSourceAsync(document, sync, faults, cancellationToken);
        CheckAgainst(document, sync, source, faults);
        Throw(document, faults);

        var tables = await MatchAsync(document, source!, sync, patterns, faults, cancellationToken);
        var resolved = Name(document, sync, [.. tables.Select(t => (t.Schema, t.Table))], faults);
        Throw(document, faults);
        return [.. resolved.Select(r => r with { Warnings = [.. tables.Where(t => (t.Schema, t.Table) == (r.Definition.Schema, r.Definition.Table)).SelectMany(t => t.Warnings)] })];
    }

    /// <summary>The definition of a stored document.</summary>
    public static SyncDefinition Read(string name, string json)
    {
        var content = JsonNode.Parse(json)!.AsObject();
        var sync = ConfigBinder.Bind<SyncDocument>(new ConfigDocument("sync", content, null, new Dictionary<string, TextPosition>()));
        var table = TablePattern.Parse(sync.Tables[0])!;
        return Define(sync, name, table.Schema, table.Table);
    }

    private static List<(TablePattern Pattern, int Index)> Check(ConfigDocument document, SyncDocument sync, List<InputFault> faults)
    {
        if (sync.Tables.Count == 0)
        {
            faults.Add(ConfigBinder.Fault(document, "tables", "No table is named.", "List tables, or a pattern: tables: [\"public.*\"]"));
        }

        var patterns = new List<(TablePattern, int)>();
        for (var i = 0; i < sync.Tables.Count; i++)
        {
            if (TablePattern.Parse(sync.Tables[i]) is { } pattern)
            {
                patterns.Add((pattern, i));
            }
            else
            {
                faults.Add(ConfigBinder.Fault(document, $"tables[{i}]", $"'{sync.Tables[i]}' is not of the form schema.table.", $"Write public.{sync.Tables[i].Trim('"')}, or a pattern such as public.*"));
            }
        }

        // Placeholders stand for texts that are made to fit.
        var literal = (sync.Name ?? "{source}_{table}").Replace("{source}", "x", StringComparison.Ordinal).Replace("{schema}", "x", StringComparison.Ordinal).Replace("{table}", "x", StringComparison.Ordinal);
        if (!ConfigNames.IsValid(literal))
        {
            faults.Add(ConfigBinder.Fault(document, "name", $"'{sync.Name}' cannot be the name of a sync.", $"{ConfigNames.Rule} {{source}}, {{schema}} and {{table}} are filled in."));
        }

        if (!Modes.Contains(sync.Mode))
        {
            var mode = new ModeNotAvailableException(sync.Mode);
            faults.Add(ConfigBinder.Fault(document, "mode", mode.Message, Suggestion.For(sync.Mode, Modes) ?? mode.Hint));
        }

        if (sync.Mode == "snapshot" && sync.Cursor is not null)
        {
            faults.Add(ConfigBinder.Fault(document, "cursor", "A snapshot replaces the whole table; a cursor has no place there.", "Use mode: batch with the cursor, or leave it out."));
        }

        if (sync.Consistency is not ("run" or "table"))
        {
            faults.Add(ConfigBinder.Fault(document, "consistency", $"'{sync.Consistency}' is neither run nor table.", "run continues an interrupted load, table starts it over."));
        }

        if (sync.Schema is { } policy && !SchemaPolicy.All.Contains(policy))
        {
            faults.Add(ConfigBinder.Fault(document, "schema", $"There is no schema policy '{policy}'.", Suggestion.For(policy, SchemaPolicy.All) ?? "evolve takes over what changes in the source, freeze leaves new columns out, hold stops the table until somebody has looked."));
        }
        else if (sync.Schema is not null && !CaptureService.Follows(sync.Mode))
        {
            faults.Add(ConfigBinder.Fault(document, "schema", $"A table in mode '{sync.Mode}' does not follow its changes, which schema is about.", "Leave it out, or use mode: bootstrap+cdc."));
        }

        for (var i = 0; i < sync.PartitionBy.Count; i++)
        {
            if (PartitionText.Parse(sync.PartitionBy[i]) is null)
            {
                faults.Add(ConfigBinder.Fault(document, $"partition_by[{i}]", $"'{sync.PartitionBy[i]}' is not a partition field.", "Write a column, or year(c), month(c), day(c), hour(c), bucket(16, c), truncate(4, c)."));
            }
        }

        CheckCron(document, "schedule", sync.Schedule, sync.Timezone, faults);
        if (sync.Reconcile is { } reconcile)
        {
            CheckCron(document, "reconcile.schedule", reconcile.Schedule, reconcile.Timezone, faults);
            CheckReconcile(document, sync, reconcile, faults);
        }

        return patterns;
    }

    private static void CheckReconcile(ConfigDocument document, SyncDocument sync, SyncReconcileDocument reconcile, List<InputFault> faults)
    {
        if (reconcile.Method is { } method && !ReconciliationMethods.All.Contains(method))
        {
            faults.Add(ConfigBinder.Fault(document, "reconcile.method", $"There is no method '{method}'.", Suggestion.For(method, ReconciliationMethods.All) ?? "snapshot compares whole tables at one position, rolling compares key range by key range."));
        }
        else if (reconcile.Method == ReconciliationMethods.Rolling && !CaptureService.Follows(sync.Mode))
        {
            faults.Add(ConfigBinder.Fault(document, "reconcile.method", $"A table in mode '{sync.Mode}' does not follow its changes, which rolling needs.", "Use method: snapshot."));
        }

        if (reconcile.Sample is < 1)
        {
            faults.Add(ConfigBinder.Fault(document, "reconcile.sample", "A sample has at least one row.", "Leave it out to compare all rows."));
        }
    }

    private static void CheckCron(ConfigDocument document, string path, string? cron, string? timezone, List<InputFault> faults)
    {
        if (cron is null)
        {
            return;
        }

        try
        {
            _ = CronSchedule.Parse(cron, timezone);
        }
        catch (InvalidInputException e)
        {
            faults.Add(ConfigBinder.Fault(document, path, e.Message, e.Hint));
        }
    }

    /// <summary>What the kind of source cannot do.</summary>
    private static void CheckAgainst(ConfigDocument document, SyncDocument sync, SourceDefinition? source, List<InputFault> faults)
    {
        if (source is { IsMySql: true } && sync.Cursor is not null)
        {
            faults.Add(ConfigBinder.Fault(document, "cursor", "MySQL does not keep which transaction wrote a row, and a column of times misses what commits late: there are no incremental loads.", "Leave it out to load the table in full."));
        }
    }

    private async Task<SourceDefinition?> FindSourceAsync(ConfigDocument document, SyncDocument sync, List<InputFault> faults, CancellationToken cancellationToken)
    {
        if (planned.Find("source", sync.Source) is { } inSameFiles)
        {
            return SourceStore.Read(inSameFiles);
        }

        if (await sources.FindAsync(sync.Source, cancellationToken) is { } saved)
        {
            return saved;
        }

        faults.Add(ConfigBinder.Fault(document, "source", $"There is no source '{sync.Source}'.",
            Suggestion.For(sync.Source, await sources.NamesAsync(cancellationToken)) ?? "Apply the source first, or in the same call."));
        return null;
    }

    private static List<ResolvedSync> Name(ConfigDocument document, SyncDocument sync, IReadOnlyList<(string Schema, string Table)> tables, List<InputFault> faults)
    {
        var result = new List<ResolvedSync>();
        var taken = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (schema, table) in tables)
        {
            var name = Begin(Fill(sync.Name ?? "{source}_{table}", sync, schema, table, null));
            var exact = TablePattern.Exact(schema, table);
            if (taken.TryGetValue(name, out var other))
            {
                // Two tables of one schema whose names differ in case or punctuation get numbers, in the order of their names; anything else is a mistake of the template.
                if (sync.Name is { } template && !template.Contains("{table}", StringComparison.Ordinal))
                {
                    faults.Add(ConfigBinder.Fault(document, "name", $"The document stands for {tables.Count} tables, and all of them would be named '{name}'.", "Put {table} into the name: shop_{table}"));
                    return result;
                }

                if (TablePattern.Parse(other)!.Schema != schema)
                {
                    faults.Add(ConfigBinder.Fault(document, "name", $"{other} and {exact} would both be named '{name}'.", "Put {schema} into the name as well: {source}_{schema}_{table}"));
                    continue;
                }

                var number = 2;
                while (taken.ContainsKey($"{name}__{number}"))
                {
                    number++;
                }

                name = $"{name}__{number}";
            }

            taken[name] = exact;
            var single = sync with { Name = name, Tables = [exact], Raw = Target(sync.Raw, name, sync, schema, table), Refined = Target(sync.Refined, name, sync, schema, table) };
            faults.AddRange(ConfigNames.Check(document, "name", name, $"the sync of {exact}"));
            var definition = TryDefine(document, single, name, schema, table, faults);
            if (definition is not null)
            {
                result.Add(new ResolvedSync(definition, ConfigBinder.ToJson(single), []));
            }
        }

        return result;
    }

    private static SyncDefinition? TryDefine(ConfigDocument document, SyncDocument sync, string name, string schema, string table, List<InputFault> faults)
    {
        foreach (var (path, text) in new[] { ("raw", sync.Raw), ("refined", sync.Refined) })
        {
            if (text is not null && !(TableIdentifier.TryParse(text, out var target) && ConfigNames.IsValid(target.Namespace) && ConfigNames.IsValid(target.Name)))
            {
                faults.Add(ConfigBinder.Fault(document, path, $"'{text}' is not of the form namespace.table.", $"Write {path}.{name}. {ConfigNames.Rule}"));
                return null;
            }

            if (text is not null && TableIdentifier.TryParse(text, out var place) && place.Namespace.Any(char.IsAsciiLetterUpper))
            {
                faults.Add(ConfigBinder.Fault(document, path, $"Namespaces are written in lower case, not '{place.Namespace}'.", $"Write {path}: {place.Namespace.ToLowerInvariant()}.{place.Name}"));
                return null;
            }
        }

        if (sync.Raw is not null && sync.Raw == sync.Refined)
        {
            faults.Add(ConfigBinder.Fault(document, "refined", $"'{sync.Raw}' cannot be raw and refined at once.", $"Write refined: refined.{name}"));
            return null;
        }

        return Define(sync, name, schema, table);
    }

    private static SyncDefinition Define(SyncDocument sync, string name, string schema, string table) => new()
    {
        Name = name,
        Source = sync.Source,
        Schema = schema,
        Table = table,
        Mode = sync.Mode,
        Key = sync.Key,
        Cursor = sync.Cursor,
        Schedule = sync.Schedule,
        Timezone = sync.Timezone,
        Exclude = sync.Columns?.Exclude ?? [],
        Hash = sync.Columns?.Hash ?? [],
        Text = sync.Columns?.Text ?? [],
        HashSalt = sync.Columns?.HashSalt,
        Raw = sync.Raw is { } raw && TableIdentifier.TryParse(raw, out var r) ? r : new TableIdentifier("raw", name),
        Refined = sync.Refined is { } refined && TableIdentifier.TryParse(refined, out var f) ? f : new TableIdentifier("refined", name),
        PartitionBy = [.. sync.PartitionBy.Select(p => PartitionText.Parse(p)!)],
        Consistency = sync.Consistency,
        SchemaPolicy = sync.Schema ?? SchemaPolicy.Evolve,
        Compact = sync.Compact,
        Reconcile = sync.Reconcile is { } c ? new SyncReconcile(c.Schedule, c.Timezone, c.Method ?? (CaptureService.Follows(sync.Mode) ? ReconciliationMethods.Rolling : ReconciliationMethods.Snapshot), c.Sample, c.Repair) : null,
    };

    private static string? Target(string? template, string name, SyncDocument sync, string schema, string table) =>
        template is null ? null : Fill(template, sync, schema, table, name) is var text && text.Split('.', 2) is [var space, var rest] ? $"{space}.{Begin(rest)}" : text;

    /// <summary>A table's name may begin with a digit.</summary>
    private static string Begin(string name) => name.Length > 0 && char.IsAsciiDigit(name[0]) ? $"_{name}" : name;

    private static string Fill(string template, SyncDocument sync, string schema, string table, string? name)
    {
        var text = new StringBuilder(template).Replace("{source}", sync.Source).Replace("{schema}", Sanitize(schema)).Replace("{table}", Sanitize(table));
        return (name is null ? text : text.Replace("{name}", name)).ToString();
    }

    /// <summary>Names travel through URLs, file names and SQL: letters, digits and underscores.</summary>
    private static string Sanitize(string text) => string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_'));

    private static void Throw(ConfigDocument document, List<InputFault> faults)
    {
        if (faults.Count > 0)
        {
            throw ConfigBinder.Invalid(document, faults);
        }
    }
}
