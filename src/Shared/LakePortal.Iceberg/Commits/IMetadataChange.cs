using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

/// <summary>A change to a table's metadata that can be applied again when another commit was faster.</summary>
internal interface IMetadataChange
{
    /// <summary>The new version on top of <paramref name="current"/>, or that very object when nothing changes. <paramref name="now"/> never runs backwards.</summary>
    Task<TableMetadata> ApplyAsync(TableMetadata current, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>The files written so far that <paramref name="committed"/> does not use (null: nothing was committed), for removal.</summary>
    IReadOnlyList<string> Unused(TableMetadata? committed);
}

/// <summary>A change that writes no files of its own.</summary>
internal sealed class MetadataChange(Func<TableMetadata, DateTimeOffset, TableMetadata> apply) : IMetadataChange
{
    public Task<TableMetadata> ApplyAsync(TableMetadata current, DateTimeOffset now, CancellationToken cancellationToken) => Task.FromResult(apply(current, now));

    public IReadOnlyList<string> Unused(TableMetadata? committed) => [];
}
