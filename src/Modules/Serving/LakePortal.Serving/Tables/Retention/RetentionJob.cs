using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Live;
using LakePortal.Kernel.Scheduling;
using LakePortal.Serving.Contracts.Tables;
using MediatR;
using Microsoft.Extensions.Logging;

namespace LakePortal.Serving.Tables.Retention;

/// <summary>Expires the snapshots of all tables by the clock. Adopted ones are left alone; one that fails does not keep the others from their turn.</summary>
internal sealed class RetentionJob(ITableCatalog catalog, TableExpiry expiry, ILogger<RetentionJob> logger) : IScheduledJob
{
    public const string Name = "serving.retention";
    public const string Id = "lake";

    public async Task ExecuteAsync(string id, DateTimeOffset scheduledAt, CancellationToken cancellationToken)
    {
        foreach (var identifier in await catalog.ListAsync(null, cancellationToken))
        {
            if (await catalog.FindAsync(identifier, cancellationToken) is not { IsReadOnly: false })
            {
                continue;
            }

            try
            {
                var result = await expiry.RunAsync(identifier, dryRun: false, cancellationToken);
                if (result.Expired > 0 || result.FilesDeleted > 0)
                {
                    RetentionLog.Expired(logger, identifier.ToString(), result.Expired, result.Snapshots, result.FilesDeleted);
                }

                if (result.Failure is { } failure)
                {
                    RetentionLog.FilesLeft(logger, identifier.ToString(), result.FilesFailed, failure);
                }
            }
            catch (LakePortalException e) when (e.Kind != ErrorKind.Internal)
            {
                RetentionLog.Failed(logger, identifier.ToString(), e.Message);
            }
        }
    }
}

internal sealed class ExpireSnapshotsHandler(TableLoader loader, TableExpiry expiry, IChangeFeed feed) : IRequestHandler<ExpireSnapshots, TableExpiryResult>
{
    public async Task<TableExpiryResult> Handle(ExpireSnapshots request, CancellationToken cancellationToken)
    {
        var table = await loader.LoadAsync(request.Namespace, request.Name, cancellationToken);
        var result = await expiry.RunAsync(table.Identifier, request.DryRun, cancellationToken);
        feed.Publish("tables");
        feed.Publish($"table/{table.Identifier}");
        return result;
    }
}

internal static partial class RetentionLog
{
    [LoggerMessage(4301, LogLevel.Information, "Table {Table}: {Expired} of {Snapshots} snapshots expired, {Deleted} files of earlier ones deleted")]
    public static partial void Expired(ILogger logger, string table, int expired, int snapshots, int deleted);

    [LoggerMessage(4303, LogLevel.Warning, "Table {Table}: {Failed} files of expired snapshots could not be deleted, and are tried again. {Reason}")]
    public static partial void FilesLeft(ILogger logger, string table, int failed, string reason);

    [LoggerMessage(4302, LogLevel.Warning, "Table {Table}: its snapshots could not be expired. {Reason}")]
    public static partial void Failed(ILogger logger, string table, string reason);
}
