using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Messaging;
using LakePortal.Serving.Contracts.Tables;
using MediatR;

namespace LakePortal.Serving.Tables.Change;

internal sealed class RegisterTableValidator : IRequestValidator<RegisterTable>
{
    public IEnumerable<InputFault> Validate(RegisterTable request)
    {
        if (!TableIdentifier.TryParse(request.Table, out _))
        {
            yield return new InputFault("table", $"'{request.Table}' is not a table name.", "Write namespace.table, e.g. raw.events.");
        }

        if (string.IsNullOrWhiteSpace(request.MetadataFile))
        {
            yield return new InputFault("metadata_file", "The table's metadata file is missing.", "Give the path of its newest …metadata.json.");
        }

        for (var i = 0; i < request.Map.Count; i++)
        {
            if (request.Map[i].IndexOf('=', StringComparison.Ordinal) <= 0)
            {
                yield return new InputFault($"map[{i}]", $"'{request.Map[i]}' is not a mapping.", "Write from=to, e.g. s3://bucket/=/data/.");
            }
        }
    }
}

internal sealed class RegisterTableHandler(ITableCatalog catalog, IChangeFeed feed) : IRequestHandler<RegisterTable, TableSummary>
{
    public async Task<TableSummary> Handle(RegisterTable request, CancellationToken cancellationToken)
    {
        if (!TableIdentifier.TryParse(request.Table, out var identifier))
        {
            throw new ArgumentException("Validated before.", nameof(request));
        }

        var map = request.Map.Select(m =>
        {
            var split = m.IndexOf('=', StringComparison.Ordinal);
            return new LocationMapping(m[..split], m[(split + 1)..]);
        });
        var table = await catalog.RegisterAsync(identifier, request.MetadataFile, [.. map], cancellationToken);
        feed.Publish("tables");
        feed.Publish($"table/{identifier}");
        return Summaries.Summarise(table);
    }
}

internal sealed class DropTableHandler(TableLoader loader, ITableCatalog catalog, IChangeFeed feed) : IRequestHandler<DropTable>
{
    public async Task<Unit> Handle(DropTable request, CancellationToken cancellationToken)
    {
        var table = await loader.LoadAsync(request.Namespace, request.Name, cancellationToken);
        if (!await catalog.DropAsync(table.Identifier, purge: !table.IsReadOnly, cancellationToken))
        {
            throw new TableNotFoundException(table.Identifier);
        }

        feed.Publish("tables");
        feed.Publish($"table/{table.Identifier}");
        return Unit.Value;
    }
}
