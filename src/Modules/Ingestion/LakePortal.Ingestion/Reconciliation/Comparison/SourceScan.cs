using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using Npgsql;

namespace LakePortal.Ingestion.Reconciliation.Comparison;

/// <summary>
/// Reads rows of a source's snapshot by several COPY streams and hands them, staged in pieces, to SQL of a private database: while one piece is worked
/// on, the next is filled.
/// </summary>
internal sealed class SourceScan(SourceSnapshot snapshot, TablePlan plan, IStagingArea area, OffloadProgress progress, int lanes)
{
    private const long PieceBytes = 48L << 20;

    private readonly ColumnDecoder[] _decoders = [.. plan.Columns.Select(c => c.Decoder)];

    /// <param name="copies">COPY statements that send the plan's columns.</param>
    /// <param name="work">From the name of a staged piece (columns c0, c1, …) to the statement that takes its rows.</param>
    /// <param name="cancellationToken">Stops reading, on the server too.</param>
    /// <returns>Rows read.</returns>
    public async Task<long> ReadAsync(IReadOnlyList<string> copies, Func<string, string> work, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var queue = Channel.CreateUnbounded<string>();
        foreach (var copy in copies)
        {
            _ = queue.Writer.TryWrite(copy);
        }

        queue.Writer.Complete();
        var tasks = Enumerable.Range(0, Math.Clamp(copies.Count, 1, Math.Max(1, lanes))).Select(_ => LaneAsync(queue.Reader, work, stop)).ToList();
        try
        {
            return (await Task.WhenAll(tasks)).Sum();
        }
        catch (Exception e)
        {
            // The first failure stops the other lanes; theirs are only its echo.
            cancellationToken.ThrowIfCancellationRequested();
            var first = tasks.Where(t => t.IsFaulted).SelectMany(t => t.Exception!.InnerExceptions).FirstOrDefault(x => x is not OperationCanceledException) ?? e;
            ExceptionDispatchInfo.Throw(first);
            throw;
        }
    }

    private async Task<long> LaneAsync(ChannelReader<string> queue, Func<string, string> work, CancellationTokenSource stop)
    {
        try
        {
            await using var connection = await snapshot.OpenReaderAsync(stop.Token);
            await using var pieces = new StagedPieces(area, plan, work);
            var read = await Task.Factory.StartNew(() => Read(connection, queue, pieces, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            await pieces.FinishAsync();
            return read;
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }

    private long Read(ICopyConnection connection, ChannelReader<string> queue, StagedPieces pieces, CancellationToken cancellationToken)
    {
        var pump = new CopyPump();
        long total = 0;
        var process = connection.ProcessId;
        using var cancelled = cancellationToken.Register(() => CancelBackend(process));
        while (queue.TryRead(out var copy))
        {
            cancellationToken.ThrowIfCancellationRequested();
            connection.Copy(copy, read => pump.Run(read, _decoders, () => pieces.Chunk, Filled, cancellationToken));
        }

        pieces.HandOver();
        return total;

        void Filled(int rows, int bytes)
        {
            pieces.Append(rows, bytes);
            total += rows;
            progress.Add(rows, bytes);
            if (pieces.Bytes >= PieceBytes)
            {
                pieces.HandOver();
            }
        }
    }

    /// <summary>A read that waits for the server does not look at the token: the server is told to stop.</summary>
    private void CancelBackend(int processId) => _ = Task.Run(async () =>
    {
        try
        {
            await using var connection = await snapshot.OpenControlAsync(CancellationToken.None);
            await using var command = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_catalog.pg_cancel_backend({processId})"), connection);
            _ = await command.ExecuteScalarAsync();
        }
        catch (Exception e) when (e is IngestionException or NpgsqlException)
        {
            // A source that cannot be reached any more has nothing to cancel: the read fails by itself.
            progress.Note($"The source could not be told to stop reading: {e.Message}");
        }
    });
}
