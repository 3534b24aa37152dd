using System.Text.Json.Nodes;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Store;
using LakePortal.Ingestion.Syncs;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using MediatR;

namespace LakePortal.Ingestion.Sources.Listing;

internal sealed class ListSourcesHandler(SourceStore sources, SyncStore syncs, IRunStore runs) : IRequestHandler<ListSources, IReadOnlyList<SourceSummary>>
{
    public async Task<IReadOnlyList<SourceSummary>> Handle(ListSources request, CancellationToken cancellationToken)
    {
        var result = new List<SourceSummary>();
        foreach (var row in await sources.ListAsync(cancellationToken))
        {
            result.Add(await SummarizeAsync(row, syncs, runs, cancellationToken));
        }

        return result;
    }

    internal static async Task<SourceSummary> SummarizeAsync(SourceRow row, SyncStore syncs, IRunStore runs, CancellationToken cancellationToken)
    {
        var source = SourceStore.Read(JsonNode.Parse(row.Document)!.AsObject());
        var own = await syncs.ListAsync(row.Name, cancellationToken);
        var failed = 0;
        foreach (var sync in own)
        {
            var last = await runs.ListAsync(new RunFilter { Kind = "sync", Name = sync.Name, Limit = 1 }, cancellationToken);
            failed += last is [{ State: RunState.Failed }] ? 1 : 0;
        }

        return new SourceSummary(row.Name, source.Type, source.Address, row.State, row.Reason, row.CheckedAt, own.Count, failed, own.Max(s => s.LastCommitAt));
    }
}

internal sealed class GetSourceHandler(SourceStore sources, SyncStore syncs, IRunStore runs) : IRequestHandler<GetSource, SourceSummary>
{
    public async Task<SourceSummary> Handle(GetSource request, CancellationToken cancellationToken)
    {
        var row = await sources.FindRowAsync(request.Name, cancellationToken) ?? throw new ObjectNotFoundException("source", request.Name, "./lake status source lists them.");
        return await ListSourcesHandler.SummarizeAsync(row, syncs, runs, cancellationToken);
    }
}
