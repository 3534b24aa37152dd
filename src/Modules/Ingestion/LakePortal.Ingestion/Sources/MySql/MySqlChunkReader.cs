using System.Globalization;
using LakePortal.Engine.Native;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Sources.MySql.Wire;

namespace LakePortal.Ingestion.Sources.MySql;

/// <summary>Reads chunks by SELECT, from the packets into the vectors.</summary>
internal sealed class MySqlChunkReader(MySqlConnections connections, SourceDefinition source, MySqlSession session, MySqlTable table, TablePlan plan) : IChunkReader
{
    // A chunk of long texts is appended before it holds 2,048 of them.
    private const int ChunkBytes = 16 << 20;

    private readonly ColumnDecoder[] _decoders = [.. plan.Columns.Select(c => c.Decoder)];

    public void Read(ReadChunk chunk, Func<DataChunkBuilder> target, Action<int, int> filled, CancellationToken cancellationToken)
    {
        var columns = session.Begin(Sql(chunk));
        if (columns != _decoders.Length)
        {
            throw new SourceProtocolException($"A SELECT of {_decoders.Length} columns has {columns}.");
        }

        var (row, bytes) = (0, 0);
        var builder = target();
        while (session.ReadRow(out var packet))
        {
            bytes += packet.Length;
            Decode(packet, builder, row++);
            if (row == DataChunkBuilder.Capacity || bytes >= ChunkBytes)
            {
                filled(row, bytes);
                (row, bytes) = (0, 0);
                builder = target();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        if (row > 0)
        {
            filled(row, bytes);
        }
    }

    public async Task<string?> CancelAsync()
    {
        try
        {
            using var control = await connections.OpenAsync(source, CancellationToken.None);
            await Task.Run(() => control.Execute(string.Create(CultureInfo.InvariantCulture, $"KILL QUERY {session.ConnectionId}")));
            return null;
        }
        catch (Exception e) when (e is IngestionException or MySqlServerException or IOException)
        {
            // A source that cannot be reached any more has nothing to cancel: the read fails by itself.
            return e.Message;
        }
    }

    public ValueTask DisposeAsync()
    {
        session.Dispose();
        return ValueTask.CompletedTask;
    }

    private string Sql(ReadChunk chunk)
    {
        var conditions = new List<string>();
        if (chunk.KeyColumn is { } key)
        {
            if (chunk.FromPage > long.MinValue)
            {
                conditions.Add(string.Create(CultureInfo.InvariantCulture, $"{MySqlSql.Quote(key)} >= {chunk.FromPage}"));
            }

            if (chunk.ToPage is { } to)
            {
                conditions.Add(string.Create(CultureInfo.InvariantCulture, $"{MySqlSql.Quote(key)} < {to}"));
            }
        }

        var where = conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", conditions)}";
        return $"SELECT {string.Join(", ", plan.Columns.Select(c => c.Select))} FROM {table.Sql}{where}";
    }

    private void Decode(ReadOnlySpan<byte> packet, DataChunkBuilder chunk, int row)
    {
        for (var i = 0; i < _decoders.Length; i++)
        {
            if (!PacketReader.Bytes(ref packet, out var value))
            {
                chunk[i].WriteNull(row);
                continue;
            }

            try
            {
                _decoders[i].Decode(chunk[i], row, value);
            }
            catch (ColumnNeedsTextException e) when (e.Column < 0)
            {
                throw new ColumnNeedsTextException(e.Reason) { Column = i };
            }
            catch (ValueNotRepresentableException e)
            {
                throw new ColumnNeedsTextException($"it holds a value that {e.ColumnType} cannot: {e.Reason}") { Column = i };
            }
        }
    }
}
