using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Values;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Tables;
using MediatR;

namespace LakePortal.Serving.Queries.Completions;

internal sealed class GetCompletionsHandler(TableLoader loader, ITableCatalog catalog) : IRequestHandler<GetCompletions, IReadOnlyList<CompletionTable>>
{
    private const int AtOnce = 8;

    public async Task<IReadOnlyList<CompletionTable>> Handle(GetCompletions request, CancellationToken cancellationToken)
    {
        var tables = await loader.ListAsync(null, cancellationToken);
        var completions = new CompletionTable?[tables.Count];
        await Parallel.ForAsync(
            0, tables.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (index, token) =>
            {
                // Null: dropped since it was listed.
                completions[index] = await catalog.FindAsync(tables[index], token) is { } table
                    ? new CompletionTable(tables[index].ToString(), [.. table.Schema.Fields.Select(f => new QueryColumn(f.Name, TypeNames.Describe(f.Type)))])
                    : null;
            });
        return [.. completions.OfType<CompletionTable>()];
    }
}
