using LakePortal.Engine.Queries;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;

namespace LakePortal.Serving.Tables;

/// <summary>Tables as the caller may see them. One that is hidden looks absent.</summary>
internal sealed class TableLoader(ITableCatalog catalog, ICallerAccessor callers, IEnumerable<IQueryAuthorizer> authorizers)
{
    /// <exception cref="TableNotFoundException">Absent or hidden.</exception>
    public async Task<Table> LoadAsync(string ns, string name, CancellationToken cancellationToken)
    {
        var identifier = new TableIdentifier(ns, name);
        return (await VisibleAsync([identifier], cancellationToken)).Count == 1
            ? await catalog.LoadAsync(identifier, cancellationToken)
            : throw new TableNotFoundException(identifier);
    }

    public async Task<IReadOnlyList<TableIdentifier>> ListAsync(string? ns, CancellationToken cancellationToken) =>
        await VisibleAsync(await catalog.ListAsync(ns, cancellationToken), cancellationToken);

    private async Task<IReadOnlyList<TableIdentifier>> VisibleAsync(IReadOnlyList<TableIdentifier> tables, CancellationToken cancellationToken)
    {
        var caller = callers.Current ?? throw new NotSignedInException();

        // Nobody who could allow it: nothing is visible, as the engine denies everything then.
        return authorizers.LastOrDefault() is { } authorizer ? await authorizer.VisibleAsync(caller, tables, cancellationToken) : [];
    }
}
