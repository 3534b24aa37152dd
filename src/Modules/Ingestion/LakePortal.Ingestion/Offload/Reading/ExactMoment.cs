using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Kernel.Errors;
using Npgsql;
using Npgsql.Replication;

namespace LakePortal.Ingestion.Offload.Reading;

/// <summary>
/// A snapshot and the log position that belongs to it exactly, as a temporary logical replication slot gives them: every transaction that committed
/// before the position is in the snapshot, every later one is in the log behind it. The slot goes with this object.
/// </summary>
internal sealed class ExactMoment : IAsyncDisposable
{
    private readonly LogicalReplicationConnection _holder;

    private ExactMoment(LogicalReplicationConnection holder, string snapshot, string position) => (_holder, Snapshot, Position) = (holder, snapshot, position);

    public string Snapshot { get; }

    public string Position { get; }

    /// <param name="connector">Opens connections.</param>
    /// <param name="source">The source.</param>
    /// <param name="control">A connection to look things up and to cancel by.</param>
    /// <param name="longest">How long to wait for the transactions that are going on: a slot starts only when each of them has ended.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Null: not to be had here and now.</returns>
    public static async Task<ExactMoment?> TryTakeAsync(PostgresConnector connector, SourceDefinition source, NpgsqlConnection control, TimeSpan longest, CancellationToken cancellationToken)
    {
        if (longest <= TimeSpan.Zero || !await IsPossibleAsync(control, cancellationToken))
        {
            return null;
        }

        var holder = new LogicalReplicationConnection(await connector.ConnectionStringAsync(source, cancellationToken));
        try
        {
            await holder.Open(cancellationToken);
            var creating = holder.CreatePgOutputReplicationSlot($"lakeportal_{Guid.CreateVersion7():N}", temporarySlot: true, LogicalSlotSnapshotInitMode.Export, cancellationToken: CancellationToken.None);
            try
            {
                var slot = await creating.WaitAsync(longest, cancellationToken);
                if (slot.SnapshotName is { } name)
                {
                    return new ExactMoment(holder, name, slot.ConsistentPoint.ToString());
                }
            }
            catch (Exception e) when (e is TimeoutException or OperationCanceledException)
            {
                // The server would go on waiting, and would not notice that nobody listens any more.
                await using var cancel = new NpgsqlCommand("SELECT pg_catalog.pg_cancel_backend($1)", control) { Parameters = { new() { Value = holder.ProcessID } } };
                _ = await cancel.ExecuteScalarAsync(CancellationToken.None);
                await ((Task)creating).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (Exception e) when (e is NpgsqlException or LakePortalException)
        {
            // No slot left, no entry for replication in pg_hba.conf, too many transactions: what follows works without, and says that it did.
            await holder.DisposeAsync();
            return null;
        }
        catch
        {
            await holder.DisposeAsync();
            throw;
        }

        await holder.DisposeAsync();
        return null;
    }

    public ValueTask DisposeAsync() => _holder.DisposeAsync();

    private static async Task<bool> IsPossibleAsync(NpgsqlConnection control, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PgCatalogSql.CanMakeSlots, control);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
