using LakePortal.Iceberg;
using LakePortal.Kernel.Live;
using Microsoft.Extensions.Logging;

namespace LakePortal.Processing.Pipelines.Runs;

/// <summary>Tells everybody that a task has committed to a table.</summary>
internal sealed partial class TableAnnouncer(SystemSender sender, IChangeFeed feed, ILogger<TableAnnouncer> logger)
{
    /// <summary>Never fails: the rows are committed, and whoever listens badly must not make the task fail and run again.</summary>
    public async Task AnnounceAsync(TableIdentifier table, long snapshotId)
    {
        try
        {
            feed.Publish("tables");
            feed.Publish($"table/{table}");
            await sender.PublishAsync(new TableChanged(table.ToString(), snapshotId), CancellationToken.None);
        }
        catch (Exception exception)
        {
            LogListenerFailed(logger, table.ToString(), snapshotId, exception);
        }
    }

    [LoggerMessage(3101, LogLevel.Error, "A listener failed on the change of {Table} at snapshot {SnapshotId}")]
    private static partial void LogListenerFailed(ILogger logger, string table, long snapshotId, Exception exception);
}
