using System.Security.Cryptography;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Metadata;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

/// <summary>
/// Commits by compare-and-swap of the metadata pointer: apply the change to the newest version, write the metadata file, swap; when another was
/// faster, again. Files of attempts that lost are removed, unless it is not known whether they lost.
/// </summary>
internal sealed class CommitRunner(CatalogContext context)
{
    private enum SwapOutcome
    {
        Won,
        Lost,
    }

    public async Task<IcebergTable> RunAsync(IcebergTable table, IMetadataChange change, CancellationToken cancellationToken)
    {
        if (table.IsReadOnly)
        {
            throw new TableReadOnlyException(table.Identifier);
        }

        using var held = await context.Locks.AcquireAsync(table.Identifier, cancellationToken).ConfigureAwait(false);
        var won = false;
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                var current = await LoadAsync(table, cancellationToken).ConfigureAwait(false);
                var (next, location) = await PrepareAsync(current, change, cancellationToken).ConfigureAwait(false);
                if (next is null)
                {
                    return current;
                }

                if (await SwapAsync(current, location).ConfigureAwait(false) == SwapOutcome.Won)
                {
                    won = true;
                    return await FinishAsync(current, next, location, change).ConfigureAwait(false);
                }

                await context.RemoveAsync([location]).ConfigureAwait(false);
                if (attempt >= CommitProperties.Int(current.Metadata.Properties, CommitProperties.NumRetries, 4))
                {
                    throw new CommitConflictException(table.Identifier, $"{attempt + 1} other commits in a row were faster");
                }

                await WaitAsync(current.Metadata.Properties, attempt, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (!won && e is not CommitStateUnknownException)
        {
            await context.RemoveAsync(change.Unused(null)).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<IcebergTable> LoadAsync(IcebergTable table, CancellationToken cancellationToken)
    {
        var pointer = await context.Store.FindAsync(table.Identifier, cancellationToken).ConfigureAwait(false) ?? throw new TableNotFoundException(table.Identifier);
        if (pointer.TableUuid != table.Pointer.TableUuid)
        {
            throw new CommitConflictException(table.Identifier, "the table was dropped and created again");
        }

        if (pointer.ReadOnly)
        {
            throw new TableReadOnlyException(table.Identifier);
        }

        return pointer.MetadataLocation == table.MetadataLocation && pointer.Version == table.Pointer.Version
            ? table
            : await context.OpenAsync(pointer, cancellationToken).ConfigureAwait(false);
    }

    private async Task<(TableMetadata? Next, string Location)> PrepareAsync(IcebergTable current, IMetadataChange change, CancellationToken cancellationToken)
    {
        if (current.Metadata.FormatVersion != 2)
        {
            throw new FormatVersionNotWritableException(current.Identifier, current.Metadata.FormatVersion);
        }

        // A clock that was set back must not make the history run backwards: readers rely on its order.
        var clock = DateTimeOffset.FromUnixTimeMilliseconds(context.Time.GetUtcNow().ToUnixTimeMilliseconds());
        var now = clock > current.Metadata.LastUpdated ? clock : current.Metadata.LastUpdated;
        var next = await change.ApplyAsync(current.Metadata, now, cancellationToken).ConfigureAwait(false);
        if (ReferenceEquals(next, current.Metadata))
        {
            return (null, "");
        }

        CommitProperties.Check(next.Properties);
        next = WithLog(next with { LastUpdated = now }, current);
        var gzip = next.Properties.GetValueOrDefault(CommitProperties.MetadataCompression) == "gzip";
        var location = MetadataFiles.Next(next.Location, current.MetadataLocation, gzip);
        await context.IO.CreateAsync(location, TableMetadataJson.Write(next, gzip), cancellationToken).ConfigureAwait(false);
        return (next, location);
    }

    private static TableMetadata WithLog(TableMetadata next, IcebergTable previous)
    {
        var keep = Math.Max(1, CommitProperties.Int(next.Properties, CommitProperties.PreviousVersionsMax, 100));
        var log = next.MetadataLog.Append(new MetadataLogEntry(previous.Metadata.LastUpdated, previous.MetadataLocation)).ToList();
        return next with { MetadataLog = log.Count > keep ? log[^keep..] : log };
    }

    /// <summary>
    /// Swaps, and when the store fails in the middle finds out what became of it. The swap is repeated only while the pointer still has the
    /// expected version, so it cannot happen twice.
    /// </summary>
    private async Task<SwapOutcome> SwapAsync(IcebergTable current, string location)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                // From here on there is no way back: a cancelled swap would leave its outcome unknown.
                return await context.Store.TrySwapAsync(current.Pointer, location, CancellationToken.None).ConfigureAwait(false)
                    ? SwapOutcome.Won
                    : await OutcomeAsync(current, location).ConfigureAwait(false) ?? SwapOutcome.Lost;
            }
            catch (Exception e) when (e is not CommitStateUnknownException)
            {
                context.LogSwapFailed(current.Identifier, e);
                var outcome = await OutcomeAsync(current, location, e).ConfigureAwait(false);
                if (outcome is { } known)
                {
                    return known;
                }

                if (attempt >= 2)
                {
                    throw new CommitStateUnknownException(current.Identifier, location, e);
                }

                await WaitAsync(current.Metadata.Properties, attempt, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <returns>Null while the pointer still has the expected version.</returns>
    private async Task<SwapOutcome?> OutcomeAsync(IcebergTable current, string location, Exception? cause = null)
    {
        try
        {
            var pointer = await context.Store.FindAsync(current.Identifier, CancellationToken.None).ConfigureAwait(false);
            if (pointer is null || pointer.TableUuid != current.Pointer.TableUuid)
            {
                return SwapOutcome.Lost;
            }

            if (pointer.MetadataLocation == location)
            {
                return SwapOutcome.Won;
            }

            if (pointer.Version == current.Pointer.Version)
            {
                return null;
            }

            // Ours may have won and been followed by another already.
            var newest = await context.OpenAsync(pointer, CancellationToken.None).ConfigureAwait(false);
            return newest.Metadata.MetadataLog.Any(e => e.MetadataFile == location) ? SwapOutcome.Won : SwapOutcome.Lost;
        }
        catch (Exception e) when (cause is not null)
        {
            throw new CommitStateUnknownException(current.Identifier, location, new AggregateException(cause, e));
        }
    }

    private async Task<IcebergTable> FinishAsync(IcebergTable previous, TableMetadata next, string location, IMetadataChange change)
    {
        var unused = change.Unused(next).ToList();
        if (CommitProperties.Flag(next.Properties, CommitProperties.DeleteAfterCommit, false))
        {
            var kept = next.MetadataLog.Select(e => e.MetadataFile).Append(location).ToHashSet(StringComparer.Ordinal);
            unused.AddRange(previous.Metadata.MetadataLog.Select(e => e.MetadataFile).Where(f => !kept.Contains(f)));
        }

        await context.RemoveAsync(unused).ConfigureAwait(false);
        return context.Opened(previous.Pointer with { MetadataLocation = location, Version = previous.Pointer.Version + 1 }, next);
    }

    private Task WaitAsync(IReadOnlyDictionary<string, string> properties, int attempt, CancellationToken cancellationToken)
    {
        var min = Math.Max(1, CommitProperties.Int(properties, CommitProperties.MinWaitMs, 100));
        var max = Math.Max(min, CommitProperties.Int(properties, CommitProperties.MaxWaitMs, 60_000));
        var wait = (int)Math.Min(max, min * Math.Pow(2, Math.Min(attempt, 20)));
        return Task.Delay(TimeSpan.FromMilliseconds((wait / 2) + RandomNumberGenerator.GetInt32((wait / 2) + 1)), context.Time, cancellationToken);
    }
}
