using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Engine.Queries;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Kernel.Identity;
using MediatR;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>
/// Differences hold values of the refined table: who reads them must be let in by the table's policies. What is masked is left out, and where a row
/// filter holds no values are shown at all, since whether it lets a row through cannot be told from here.
/// </summary>
internal sealed class ListDifferencesHandler(ReconciliationStore store, ValueVisibility visibility)
    : IRequestHandler<ListDifferences, IReadOnlyList<ReconciliationDifference>>
{
    private const int MostRows = 1000;

    public async Task<IReadOnlyList<ReconciliationDifference>> Handle(ListDifferences request, CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(request.Id, cancellationToken);
        var rows = await store.DifferencesAsync(request.Id, request.After, Math.Clamp(request.Limit, 1, MostRows), cancellationToken);
        var hidden = rows.Count == 0 ? [] : await visibility.HiddenAsync(row.Refined, cancellationToken);
        return
        [
            .. rows.Select(d => hidden is null
                ? new ReconciliationDifference(d.Number, null, d.Kind, JsonSerializer.Deserialize<List<string>>(d.Columns)!, null, null, d.Repaired, Hidden: true)
                : new ReconciliationDifference(
                    d.Number, ValueVisibility.Without(d.Key, hidden), d.Kind, JsonSerializer.Deserialize<List<string>>(d.Columns)!, ValueVisibility.Without(d.Source, hidden), ValueVisibility.Without(d.Lake, hidden), d.Repaired, hidden.Count > 0)),
        ];
    }
}

/// <summary>What a caller may see of a refined table's values.</summary>
internal sealed class ValueVisibility(ITableCatalog catalog, IEnumerable<IQueryAuthorizer> authorizers, ICallerAccessor callers)
{
    /// <returns>Columns that are not shown; null: nothing is.</returns>
    public async Task<IReadOnlyCollection<string>?> HiddenAsync(string table, CancellationToken cancellationToken)
    {
        if (callers.Current is not { } caller || authorizers.LastOrDefault() is not { } authorizer || !TableIdentifier.TryParse(table, out var refined)
            || await catalog.FindAsync(refined, cancellationToken) is not { } found)
        {
            return null;
        }

        var decision = await authorizer.AuthorizeAsync(caller, [new TableUse(refined, [.. found.Schema.Fields.Select(f => f.Name)])], cancellationToken);
        var restriction = decision.Restrictions.GetValueOrDefault(refined);
        return !decision.Allowed || restriction?.RowFilter is not null ? null : restriction is null ? [] : [.. restriction.Masks.Keys];
    }

    public static JsonObject? Without(string? json, IReadOnlyCollection<string> hidden)
    {
        var values = ReconciliationStore.Object(json);
        foreach (var column in values is null ? [] : hidden)
        {
            _ = values!.Remove(column);
        }

        return values;
    }
}
