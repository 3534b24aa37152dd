using System.Text.Json.Nodes;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Secrets;

namespace LakePortal.Kernel.Configuration;

internal sealed class ConfigurationEngine(
    IEnumerable<IConfigurationKind> kinds, ICallerAccessor callers, IAuditTrail trail, ISecretResolver secrets)
{
    private readonly Dictionary<string, IConfigurationKind> _kinds = kinds.ToDictionary(k => k.Kind, StringComparer.Ordinal);

    /// <exception cref="ObjectNotFoundException">No such kind.</exception>
    public IConfigurationKind Readable(string kind) => Permitted(Find(kind), k => k.ReadPermission);

    public IConfigurationKind Writable(string kind) => Permitted(Find(kind), k => k.WritePermission);

    /// <summary>Every kind that the caller may read.</summary>
    public IReadOnlyList<IConfigurationKind> AllReadable()
    {
        var caller = callers.Current ?? throw new NotSignedInException();
        return [.. _kinds.Values.Where(k => caller.Can(k.ReadPermission)).OrderBy(k => k.Order).ThenBy(k => k.Kind, StringComparer.Ordinal)];
    }

    public async Task<IReadOnlyList<PlannedChange>> ApplyTextsAsync(
        IReadOnlyList<ConfigText> texts, bool dryRun, bool prune, CancellationToken cancellationToken)
    {
        List<InputFault> faults = [];
        var documents = texts.SelectMany(t => ConfigYamlReader.Read(t, faults)).ToList();
        return await ApplyAsync(documents, faults, dryRun, prune, cancellationToken);
    }

    public async Task<IReadOnlyList<PlannedChange>> ApplyAsync(
        IReadOnlyList<ConfigDocument> documents, List<InputFault> faults, bool dryRun, bool prune, CancellationToken cancellationToken)
    {
        faults.AddRange(FindUnknownKinds(documents));
        var known = documents.Where(d => _kinds.ContainsKey(d.Kind)).OrderBy(d => _kinds[d.Kind].Order).ToList();
        foreach (var kind in known.Select(d => d.Kind).Distinct(StringComparer.Ordinal))
        {
            Writable(kind);
        }

        PlannedDocuments.Set(known);
        List<(ConfigDocument Document, IReadOnlyList<PlannedChange> Changes)> plan = [];
        foreach (var document in known)
        {
            try
            {
                var changes = await _kinds[document.Kind].PlanAsync(document, cancellationToken);
                var warnings = await FindMissingSecretsAsync(document.Content, cancellationToken);
                plan.Add((document, warnings.Count == 0 ? changes : [.. changes.Select(c => c with { Warnings = [.. c.Warnings, .. warnings] })]));
            }
            catch (LakePortalException error) when (error.Kind is ErrorKind.Invalid or ErrorKind.NotFound or ErrorKind.Conflict)
            {
                faults.AddRange(error.Faults.Count > 0 ? error.Faults : [ConfigBinder.Fault(document, "name", error.Message, error.Hint)]);
            }
        }

        faults.AddRange(FindDuplicates(plan));
        var deletes = prune && faults.Count == 0 ? await FindAbsentAsync(plan, cancellationToken) : [];
        if (faults.Count == 0)
        {
            var rules = await ReadTrafficAsync(plan, deletes, cancellationToken);
            faults.AddRange(rules.Faults());
            plan = [.. plan.Select(p => (p.Document, Warned(rules, p.Document, p.Changes)))];
        }

        if (faults.Count > 0)
        {
            throw new InvalidInputException(
                faults.Count == 1 ? $"{faults[0].Path}: {faults[0].Message}" : $"The configuration has {faults.Count} faults; nothing was applied. The first, {faults[0].Path}: {faults[0].Message}",
                faults[0].Hint, faults);
        }

        if (!dryRun)
        {
            foreach (var (document, changes) in plan.Where(p => p.Changes.Any(c => c.Action != ChangeAction.Unchanged)))
            {
                await _kinds[document.Kind].ApplyAsync(document, cancellationToken);
                await RecordAsync(changes);
            }

            foreach (var delete in deletes)
            {
                await _kinds[delete.Kind].DeleteAsync(delete.Name, cancellationToken);
                await RecordAsync([delete]);
            }
        }

        return [.. plan.SelectMany(p => p.Changes), .. deletes];
    }

    private IConfigurationKind Find(string kind) => _kinds.TryGetValue(kind, out var found)
        ? found
        : throw new ObjectNotFoundException("kind", kind, Suggestion.For(kind, _kinds.Keys) ?? $"Kinds: {string.Join(", ", _kinds.Keys.Order(StringComparer.Ordinal))}.");

    private IConfigurationKind Permitted(IConfigurationKind kind, Func<IConfigurationKind, string> permission)
    {
        var caller = callers.Current ?? throw new NotSignedInException();
        return caller.Can(permission(kind)) ? kind : throw new PermissionDeniedException(permission(kind));
    }

    private IEnumerable<InputFault> FindUnknownKinds(IReadOnlyList<ConfigDocument> documents) =>
        from document in documents
        where !_kinds.ContainsKey(document.Kind)
        select ConfigBinder.Fault(
            document, "kind", $"There is no kind '{document.Kind}'.",
            Suggestion.For(document.Kind, _kinds.Keys) ?? $"Kinds: {string.Join(", ", _kinds.Keys.Order(StringComparer.Ordinal))}.");

    /// <summary>By the objects, not the documents: one document may stand for several, under a pattern that others use as well (<c>shop_{table}</c>).</summary>
    private static IEnumerable<InputFault> FindDuplicates(List<(ConfigDocument Document, IReadOnlyList<PlannedChange> Changes)> plan) =>
        from planned in plan
        from change in planned.Changes
        group planned.Document by (change.Kind, change.Name) into same
        from again in same.Skip(1)
        select ConfigBinder.Fault(
            again, "name", $"{same.Key.Kind}/{same.Key.Name} is there twice.",
            $"The first is at {ConfigBinder.Fault(same.First(), "name", "").Path}. Keep one of them.");

    /// <summary>Only a warning: configuration may be there before the values of its secrets are.</summary>
    private async Task<IReadOnlyList<string>> FindMissingSecretsAsync(JsonNode content, CancellationToken cancellationToken)
    {
        List<string> warnings = [];
        foreach (var text in Texts(content).Where(t => t.Contains("${", StringComparison.Ordinal)))
        {
            warnings.AddRange((await secrets.FindMissingAsync(text, cancellationToken)).Select(m => $"{m.Reference} has no value. {m.Hint}"));
        }

        return [.. warnings.Distinct(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonObject content => content.SelectMany(p => Texts(p.Value)),
        JsonArray items => items.SelectMany(Texts),
        JsonValue value when value.TryGetValue(out string? text) => [text],
        _ => [],
    };

    private async Task<TableTrafficRules> ReadTrafficAsync(
        List<(ConfigDocument Document, IReadOnlyList<PlannedChange> Changes)> plan, List<PlannedChange> deletes, CancellationToken cancellationToken)
    {
        var planned = plan.SelectMany(p => p.Changes.Select(c => (p.Document, c.Traffic))).Where(p => p.Traffic is not null).Select(p => (p.Document, p.Traffic!)).ToList();
        if (planned.Count == 0)
        {
            return new TableTrafficRules([], []);
        }

        var changed = plan.SelectMany(p => p.Changes).Concat(deletes).Select(c => (c.Kind, c.Name)).ToHashSet();
        List<TableTraffic> saved = [];
        foreach (var kind in _kinds.Values.OrderBy(k => k.Order))
        {
            saved.AddRange((await kind.TrafficAsync(cancellationToken)).Where(t => !changed.Contains((t.Kind, t.Name))));
        }

        return new TableTrafficRules(planned, saved);
    }

    private static IReadOnlyList<PlannedChange> Warned(TableTrafficRules rules, ConfigDocument document, IReadOnlyList<PlannedChange> changes) =>
        [.. changes.Select(c => c.Traffic is { Missing.Count: > 0 } traffic ? c with { Warnings = [.. c.Warnings, .. rules.Warnings(document, traffic)] } : c)];

    private async Task<List<PlannedChange>> FindAbsentAsync(
        List<(ConfigDocument Document, IReadOnlyList<PlannedChange> Changes)> plan, CancellationToken cancellationToken)
    {
        var wanted = plan.SelectMany(p => p.Changes).Select(c => (c.Kind, c.Name)).ToHashSet();
        List<PlannedChange> deletes = [];
        foreach (var kind in plan.Select(p => _kinds[p.Document.Kind]).Distinct().OrderByDescending(k => k.Order))
        {
            deletes.AddRange((await kind.ListAsync(cancellationToken))
                .Where(name => !wanted.Contains((kind.Kind, name)))
                .Select(name => new PlannedChange(kind.Kind, name, ChangeAction.Delete, [])));
        }

        return deletes;
    }

    private async Task RecordAsync(IEnumerable<PlannedChange> changes)
    {
        var caller = callers.Current!;
        foreach (var change in changes.Where(c => c.Action != ChangeAction.Unchanged))
        {
            await trail.RecordAsync(
                caller.User, caller.Via, $"configuration.{RequestName.Kebab(change.Action.ToString())}", $"{change.Kind}/{change.Name}", "ok",
                change.Details.Count == 0 ? null : string.Join("; ", change.Details), CancellationToken.None);
        }
    }
}
