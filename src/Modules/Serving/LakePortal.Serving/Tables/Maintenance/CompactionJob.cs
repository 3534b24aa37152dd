using System.Collections.Concurrent;
using System.Globalization;
using LakePortal.Engine.Writing.Compaction;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Scheduling;
using Microsoft.Extensions.Logging;

namespace LakePortal.Serving.Tables.Maintenance;

/// <summary>Compacts, by the clock, the tables that need it. Adopted ones are left alone, and those that say so; one that fails does not keep the others from their turn.</summary>
internal sealed class CompactionJob(ITableCatalog catalog, ITableCompactor compactor, CompactionOptions options, CompactionLooks looks, IChangeFeed feed, ILogger<CompactionJob> logger) : IScheduledJob
{
    public const string Name = "serving.compaction";
    public const string Id = "lake";

    /// <summary>Table property; <c>false</c>: the clock leaves the table alone.</summary>
    public const string SwitchProperty = "lakeportal.compact";

    public async Task ExecuteAsync(string id, DateTimeOffset scheduledAt, CancellationToken cancellationToken)
    {
        foreach (var identifier in await catalog.ListAsync(null, cancellationToken))
        {
            if (await catalog.FindAsync(identifier, cancellationToken) is { IsReadOnly: false, Metadata.CurrentSnapshotId: { } snapshot } table && MayNeedIt(table) && looks.Newest.GetValueOrDefault(identifier) != snapshot)
            {
                await CompactAsync(identifier, snapshot, cancellationToken);
            }
        }
    }

    private bool MayNeedIt(Table table)
    {
        if (table.Metadata.Properties.GetValueOrDefault(SwitchProperty) == "false")
        {
            return false;
        }

        // Totals that a snapshot does not have are unknown.
        long Total(string name) => long.TryParse(table.Metadata.CurrentSnapshot!.Summary.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : long.MaxValue;
        return Total("total-data-files") >= options.MinSmallFiles || Total("total-delete-files") > 0;
    }

    private async Task CompactAsync(TableIdentifier identifier, long snapshot, CancellationToken cancellationToken)
    {
        try
        {
            var done = await compactor.CompactAsync(identifier, options.Rules(byHand: false), cancellationToken);
            if (done.SnapshotId is null)
            {
                looks.Newest[identifier] = snapshot;
                return;
            }

            CompactionLog.Compacted(logger, identifier.ToString(), done.DataFiles, done.DeleteFiles, done.NewFiles, done.Rows, done.FilesLeft);
            feed.Publish("tables");
            feed.Publish($"table/{identifier}");
        }
        catch (LakePortalException e)
        {
            CompactionLog.Failed(logger, identifier.ToString(), e.Message);
        }
    }
}

/// <summary>The snapshots of tables at which there was nothing to compact. To find that out reads manifests.</summary>
internal sealed class CompactionLooks
{
    public ConcurrentDictionary<TableIdentifier, long> Newest { get; } = new();
}

internal static partial class CompactionLog
{
    [LoggerMessage(4311, LogLevel.Information, "Table {Table}: {Files} data files and {Deletes} delete files became {New} files with {Rows} rows; {Left} are left for another time")]
    public static partial void Compacted(ILogger logger, string table, int files, int deletes, int @new, long rows, int left);

    [LoggerMessage(4312, LogLevel.Warning, "Table {Table}: it could not be compacted. {Reason}")]
    public static partial void Failed(ILogger logger, string table, string reason);
}
