using System.Runtime.CompilerServices;
using Apache.Arrow;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Engine.Queries.Binding;
using LakePortal.Engine.Queries.Results;
using LakePortal.Engine.Queries.Running;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;

namespace LakePortal.Engine.Queries;

internal sealed class LakeQuery(BoundStatement bound, ArrowStream stream, QueryTicket ticket, EngineConnection connection, Func<ValueTask> release) : ILakeQuery
{
    // Never disposed: a late reader must find it, and without a wait handle there is nothing to free.
    private readonly SemaphoreSlim _fetching = new(1, 1);
    private int _disposed;

    public string QueryId => ticket.QueryId;

    public Schema ArrowSchema => stream.Schema;

    public IReadOnlyList<ResultColumn> Columns => stream.Columns;

    public IReadOnlyDictionary<TableIdentifier, long?> Snapshots => bound.Snapshots;

    public IReadOnlyList<TableUse> Tables => bound.Tables;

    public ScanStatistics Scan => bound.Scan;

    public double? Progress => Volatile.Read(ref _disposed) != 0 ? null : LakeEngine.ProgressOf(connection);

    public async IAsyncEnumerable<RecordBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await NextAsync(cancellationToken).ConfigureAwait(false) is { } batch)
        {
            yield return batch;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        // A reader in the middle of a fetch is stopped first; its memory must not go from under it.
        while (!await _fetching.WaitAsync(TimeSpan.FromMilliseconds(20)).ConfigureAwait(false))
        {
            ticket.Cancel();
            stream.Interrupt();
        }

        stream.Dispose();
        await release().ConfigureAwait(false);
        _fetching.Release();
    }

    private async Task<RecordBatch?> NextAsync(CancellationToken cancellationToken)
    {
        await _fetching.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            return await ticket.RunAsync(stream.Next, stream.Interrupt, cancellationToken).ConfigureAwait(false);
        }
        catch (DuckDBFailure failure)
        {
            throw bound.Errors.Translate(failure.Message);
        }
        finally
        {
            _fetching.Release();
        }
    }
}
