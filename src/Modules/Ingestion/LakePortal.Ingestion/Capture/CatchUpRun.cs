using System.Text.Json.Nodes;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Capture;

/// <summary>Waits until the lake has everything that the source has now.</summary>
internal sealed class CatchUpRun(SourceSystems systems, CaptureRegistry registry)
{
    public async Task<JsonObject> RunAsync(SourceDefinition source, SyncDefinition sync, CancellationToken cancellationToken)
    {
        var (tables, _) = registry.FindSource(source.Name)
            ?? throw new CaptureHeldException(sync.Name, $"The changes of '{source.Name}' are not being followed at the moment.", $"./lake status sync/{sync.Name} says why.");
        var position = await systems.For(source).NextPositionAsync(source, cancellationToken);
        await tables.WhenReached(position, cancellationToken);
        return new JsonObject { ["load"] = "changes", ["position"] = position.ToString(), ["rows_read"] = 0 };
    }
}
