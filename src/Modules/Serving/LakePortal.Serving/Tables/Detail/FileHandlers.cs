using System.Globalization;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Tables;
using LakePortal.Kernel.Errors;
using LakePortal.Serving.Contracts.Tables;
using MediatR;

namespace LakePortal.Serving.Tables.Detail;

internal sealed class ListTableFilesHandler(TableLoader loader) : IRequestHandler<ListTableFiles, TableFiles>
{
    public async Task<TableFiles> Handle(ListTableFiles request, CancellationToken cancellationToken)
    {
        var table = await loader.LoadAsync(request.Namespace, request.Name, cancellationToken);
        var files = await table.ListFilesAsync(SnapshotIds.Selector(request.SnapshotId), cancellationToken);
        return new TableFiles(
            files.Count,
            [.. files.OrderByDescending(f => f.FileSizeInBytes).ThenBy(f => f.Path, StringComparer.Ordinal)
                .Skip(Math.Max(request.Offset, 0)).Take(Math.Clamp(request.Limit, 1, 10_000))
                .Select(f => new TableFile(
                    f.Path, Content(f), PartitionText.Of(table.Metadata, f), f.RecordCount, f.ContentSizeInBytes ?? f.FileSizeInBytes, f.DataSequenceNumber))]);
    }

    private static string Content(ContentFile file) => file switch
    {
        { Content: FileContent.Data } => "data",
        { Content: FileContent.EqualityDeletes } => "equality deletes",
        { ContentOffset: not null } => "deletion vector",
        _ => "position deletes",
    };
}

internal sealed class ListTablePartitionsHandler(TableLoader loader) : IRequestHandler<ListTablePartitions, TablePartitions>
{
    public async Task<TablePartitions> Handle(ListTablePartitions request, CancellationToken cancellationToken)
    {
        var table = await loader.LoadAsync(request.Namespace, request.Name, cancellationToken);
        var files = await table.ListFilesAsync(SnapshotSelector.Current, cancellationToken);

        // Rows of a partition: those in its data files, less those that position deletes take away there.
        var partitions = files.GroupBy(f => PartitionText.Of(table.Metadata, f), StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new TablePartition(
                g.Key,
                g.Count(f => f.Content == FileContent.Data),
                g.Sum(f => f.Content switch { FileContent.Data => f.RecordCount, FileContent.PositionDeletes => -f.RecordCount, _ => 0 }),
                g.Sum(f => f.ContentSizeInBytes ?? f.FileSizeInBytes),
                g.Count(f => f.Content != FileContent.Data)))
            .ToList();
        return new TablePartitions(
            partitions.Count, [.. partitions.Skip(Math.Max(request.Offset, 0)).Take(Math.Clamp(request.Limit, 1, 10_000))]);
    }
}

/// <summary>Snapshot ids as text: JSON numbers lose digits in browsers.</summary>
internal static class SnapshotIds
{
    public static SnapshotSelector Selector(string? text) => text is null ? SnapshotSelector.Current : new SnapshotSelector { SnapshotId = Parse(text) };

    public static long Parse(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)
        ? id
        : throw new InvalidInputException(
            $"'{text}' is not a snapshot id.", "Take it from the table's list of snapshots.", new InputFault("snapshot_id", "Not a number."));
}
