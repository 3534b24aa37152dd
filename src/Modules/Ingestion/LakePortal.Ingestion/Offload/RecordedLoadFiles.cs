using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Store;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Ingestion.Offload;

/// <summary>What loads that can be resumed have written.</summary>
internal sealed class RecordedLoadFiles(IDbContextFactory<IngestionDbContext> databases) : IRecordedFiles
{
    public async Task<IReadOnlyCollection<string>> ListAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var chunks = await database.Chunks.AsNoTracking().Select(c => c.Files).ToListAsync(cancellationToken);
        return [.. chunks.SelectMany(ContentFileJson.Read).Select(f => f.Path)];
    }
}
