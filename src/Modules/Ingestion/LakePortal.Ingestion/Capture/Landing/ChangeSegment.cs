using System.Globalization;
using System.Text;
using System.Text.Json;
using DuckDB.NET.Data;
using LakePortal.Engine.Native;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Offload.CopyBinary;

namespace LakePortal.Ingestion.Capture.Landing;

/// <param name="Payload">The row as text, JSON.</param>
internal sealed record DeadLetter(string Position, string Operation, long Xid, DateTimeOffset CommittedAt, string Reason, string Payload);

/// <summary>
/// Changes of one table, all of one shape, in a table of the staging database: the lake's columns as <c>c0…</c>, and what happened. Filled by one thread, then
/// read by SQL.
/// </summary>
internal sealed class ChangeSegment : IDisposable
{
    public const char Created = 'c';
    public const char Updated = 'u';
    public const char Deleted = 'd';
    public const char Truncated = 't';

    /// <summary>A row that could not be read; it is a dead letter and is left out everywhere.</summary>
    public const char Dead = 'x';

    private readonly DuckDBConnection _connection;
    private readonly ChunkAppender _appender;
    private readonly DataChunkBuilder _chunk;
    private readonly byte[] _position = new byte[26];
    private readonly List<DeadLetter> _dead = [];
    private int _row;

    public ChangeSegment(IStagingArea area, TableShape shape, string name)
    {
        (Shape, Name) = (shape, name);
        _connection = area.OpenConnection();
        var columns = shape.Plan.Columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"c{i} {c.StagingType}"));
        using (var command = _connection.CreateCommand())
        {
            command.CommandText = $"CREATE TABLE {name} ({string.Join(", ", columns)}, lp_op VARCHAR, lp_seq BIGINT, lp_xid BIGINT, lp_committed TIMESTAMPTZ, lp_pos VARCHAR, lp_unchanged VARCHAR, lp_moved BIGINT)";
            _ = command.ExecuteNonQuery();
        }

        _appender = ChunkAppender.Open(_connection, name);
        _chunk = _appender.CreateChunk();
    }

    public TableShape Shape { get; }

    public string Name { get; }

    public long Rows { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Sequence of the newest truncation; null: none.</summary>
    public long? TruncatedAt { get; private set; }

    /// <summary>Some rows lack values that the source did not send because they did not change.</summary>
    public bool HasUnchanged { get; private set; }

    public IReadOnlyList<DeadLetter> DeadLetters => _dead;

    private int Columns => Shape.Plan.Columns.Count;

    /// <param name="moved">Sequence of the delete that is the other half of a change of the key.</param>
    public void Add(char operation, LoggedRow row, LoggedRow old, OldRow oldKind, in LoggedTransaction transaction, uint ordinal, long sequence, long? moved = null)
    {
        StringBuilder? unchanged = null;
        string? fault = null;
        var filled = 0;
        var before = old.GetEnumerator();
        var column = -1;
        foreach (var value in row)
        {
            column++;
            _ = oldKind == OldRow.Full && before.MoveNext();
            var target = column < Shape.Map.Count ? Shape.Map[column] : throw new SourceProtocolException($"A row of {Shape.Relation.Display} has more columns than its relation.");
            if (target < 0)
            {
                continue;
            }

            filled++;
            var (kind, bytes) = (value.Kind, value.Value.Length);
            Bytes += bytes;
            if (kind == LoggedRow.Unchanged && oldKind == OldRow.Full && before.Kind == LoggedRow.Text)
            {
                fault ??= Decode(target, before.Value);
            }
            else if (kind == LoggedRow.Unchanged && (operation == Deleted || (oldKind == OldRow.Full && before.Kind == LoggedRow.Null)))
            {
                _chunk[target].WriteNull(_row);
            }
            else if (kind == LoggedRow.Text)
            {
                fault ??= Decode(target, value.Value);
            }
            else
            {
                _chunk[target].WriteNull(_row);
                if (kind == LoggedRow.Unchanged)
                {
                    unchanged ??= new StringBuilder(new string('0', Columns));
                    unchanged[target] = '1';
                }
            }
        }

        if (filled != Columns)
        {
            throw new SourceProtocolException($"A row of {Shape.Relation.Display} has {filled} of {Columns} columns.");
        }

        Finish(fault is null ? operation : Dead, transaction, ordinal, sequence, unchanged?.ToString(), moved);
        if (fault is not null)
        {
            _dead.Add(new DeadLetter(PositionText(transaction, ordinal), operation.ToString(), transaction.Xid, transaction.CommittedAt, fault, Payload(row)));
        }
    }

    public void AddTruncate(in LoggedTransaction transaction, uint ordinal, long sequence)
    {
        for (var i = 0; i < Columns; i++)
        {
            _chunk[i].WriteNull(_row);
        }

        TruncatedAt = sequence;
        Finish(Truncated, transaction, ordinal, sequence, null, null);
    }

    /// <summary>No row comes any more: what is there can be read.</summary>
    public void Complete()
    {
        Append();
        _appender.Complete();
        _chunk.Dispose();
    }

    public void Dispose()
    {
        _chunk.Dispose();
        _appender.Dispose();
        _connection.Dispose();
    }

    /// <summary>Sorts as the log does: where the transaction's commit begins, and the change's number in it.</summary>
    private static string PositionText(in LoggedTransaction transaction, uint ordinal) =>
        string.Create(CultureInfo.InvariantCulture, $"{transaction.CommitPosition.Sortable}#{ordinal:X8}");

    private string? Decode(int target, ReadOnlySpan<byte> value)
    {
        try
        {
            Shape.Decoders[target].Decode(_chunk[target], _row, value);
            return null;
        }
        catch (ColumnNeedsTextException e)
        {
            return $"Column {Shape.Plan.Columns[target].LakeName} is {Shape.Plan.Columns[target].LakeType}, and {e.Reason}.";
        }
        catch (ValueNotRepresentableException e)
        {
            return $"Column {Shape.Plan.Columns[target].LakeName}: {e.Message}";
        }
    }

    private string Payload(LoggedRow row)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            var column = 0;
            foreach (var value in row)
            {
                if (Shape.Map[column] is >= 0 and var target && value.Kind != LoggedRow.Unchanged)
                {
                    // Hashed columns stay hashed wherever a row is shown.
                    var name = Shape.Plan.Columns[target].LakeName;
                    if (value.Kind == LoggedRow.Null)
                    {
                        json.WriteNull(name);
                    }
                    else if (Shape.Plan.Columns[target].Decoder is HashDecoder)
                    {
                        json.WriteString(name, "(hashed)");
                    }
                    else
                    {
                        json.WriteString(name, value.Value);
                    }
                }

                column++;
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private void Finish(char operation, in LoggedTransaction transaction, uint ordinal, long sequence, string? unchanged, long? moved)
    {
        var n = Columns;
        ReadOnlySpan<byte> op = [(byte)operation];
        _chunk[n].WriteVarchar(_row, op);
        _chunk[n + 1].WriteInt64(_row, sequence);
        _chunk[n + 2].WriteInt64(_row, transaction.Xid);
        _chunk[n + 3].WriteTimestamp(_row, (transaction.CommittedAt.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);
        _ = Encoding.ASCII.GetBytes(PositionText(transaction, ordinal), _position);
        _chunk[n + 4].WriteVarchar(_row, _position.AsSpan());
        if (unchanged is null)
        {
            _chunk[n + 5].WriteNull(_row);
        }
        else
        {
            HasUnchanged = true;
            _chunk[n + 5].WriteVarchar(_row, unchanged);
        }

        if (moved is { } from)
        {
            _chunk[n + 6].WriteInt64(_row, from);
        }
        else
        {
            _chunk[n + 6].WriteNull(_row);
        }

        Rows++;
        if (++_row == DataChunkBuilder.Capacity || Bytes - _appendedBytes > MostChunkBytes)
        {
            Append();
        }
    }

    // A chunk of long texts is appended before it holds all of its rows.
    private const long MostChunkBytes = 16 << 20;
    private long _appendedBytes;

    private void Append()
    {
        _appender.Append(_chunk, _row);
        _row = 0;
        _appendedBytes = Bytes;
    }
}
