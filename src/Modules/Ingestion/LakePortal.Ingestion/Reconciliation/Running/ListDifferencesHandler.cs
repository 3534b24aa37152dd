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
internal sealed class ListDifferencesHandler(ReconciliationStore store, ITableCatalog catalog, IEnumerable<IQueryAuthorizer> authorizers, ICallerAccessor callers)
    : IRequestHandler<ListDifferences, IReadOnlyList<ReconciliationDifference>>
{
    private const int MostRows = 1000;

    public async Task<IReadOnlyList<ReconciliationDifference>> Handle(ListDifferences request, CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(request.Id, cancellationToken);
        var rows = await store.DifferencesAsync(request.Id, request.After, Math.Clamp(request.Limit, 1, MostRows), cancellationToken);
        var hidden = await HiddenAsync(row, rows, cancellationToken);
        return
        [
            .. rows.Select(d => hidden is null
                ? new ReconciliationDifference(d.Number, null, d.Kind, JsonSerializer.Deserialize<List<string>>(d.Columns)!, null, null, d.Repaired, Hidden: true)
                : new ReconciliationDifference(
                    d.Number, Without(d.Key, hidden), d.Kind, JsonSerializer.Deserialize<List<string>>(d.Columns)!, Without(d.Source, hidden), Without(d.Lake, hidden), d.Repaired, hidden.Count > 0)),
        ];
    }

    /// <returns>Columns that are not shown; null: nothing is.</returns>
    private async Task<IReadOnlyCollection<string>?> HiddenAsync(ReconciliationRow row, IReadOnlyList<ReconciliationDifferenceRow> rows, CancellationToken cancellationToken)
    {
        if (rows.Count == 0)
        {
            return [];
        }

        if (callers.Current is not { } caller || authorizers.LastOrDefault() is not { } authorizer || !TableIdentifier.TryParse(row.Refined, out var refined)
            || await catalog.FindAsync(refined, cancellationToken) is not { } table)
        {
            return null;
        }

        var decision = await authorizer.AuthorizeAsync(caller, [new TableUse(refined, [.. table.Schema.Fields.Select(f => f.Name)])], cancellationToken);
        var restriction = decision.Restrictions.GetValueOrDefault(refined);
        return !decision.Allowed || restriction?.RowFilter is not null ? null : restriction is null ? [] : [.. restriction.Masks.Keys];
    }

    private static JsonObject? Without(string? json, IReadOnlyCollection<string> hidden)
    {
        var values = ReconciliationStore.Object(json);
        foreach (var column in values is null ? [] : hidden)
        {
            _ = values!.Remove(column);
        }

        return values;
    }
}
