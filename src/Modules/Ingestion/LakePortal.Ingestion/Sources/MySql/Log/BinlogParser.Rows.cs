using System.Buffers.Binary;
using LakePortal.Ingestion.Capture.Reading;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>Changes of rows.</summary>
internal sealed partial class BinlogParser
{
    private const int Inserted = 0, Updated = 1;

    private void Map(ReadOnlySpan<byte> body, ILogReceiver receiver)
    {
        if (maps.Map(body, _group, receiver) is { } table)
        {
            _touched.Add(table);
        }
    }

    private void Rows(int kind, in BinlogEvent read, bool hasExtra, bool isCompressed, ILogReceiver receiver)
    {
        var id = BinlogBytes.Number(read.Body, 6);
        var rest = read.Body[8..];
        if (hasExtra)
        {
            rest = rest[BinaryPrimitives.ReadUInt16LittleEndian(rest)..];
        }

        if (maps.Find(id) is not { } entry)
        {
            throw new SourceProtocolException($"The binary log has a change of table {id} at {read.At} that it did not map.");
        }

        var isWatched = entry.Cascades.Count > 0 && kind != Inserted;
        if (_xa is not null || (entry.Mapped is null && !isWatched))
        {
            return;
        }

        if (entry.Readable is not { } table)
        {
            // Whether the columns that matter changed cannot be told.
            PassOn(entry, c => kind == Updated ? c.OnUpdate : c.OnDelete);
            return;
        }

        _ = Wire.PacketReader.Number(ref rest, out var count);
        if (count != table.Logged.Columns.Count)
        {
            throw new SourceProtocolException($"A change of {table.Logged.Display} has {count} columns instead of {table.Logged.Columns.Count}.");
        }

        var bits = (int)((count + 7) / 8);
        var present = rest[..bits];
        rest = rest[bits..];
        var presentAfter = present;
        if (kind == Updated)
        {
            presentAfter = rest[..bits];
            rest = rest[bits..];
        }

        for (rest = isCompressed ? BinlogBytes.Inflate(rest) : rest; rest.Length > 0;)
        {
            Row(kind, entry, table, present, presentAfter, ref rest, receiver);
        }
    }

    private void Row(int kind, TableEntry entry, MappedTable table, ReadOnlySpan<byte> present, ReadOnlySpan<byte> presentAfter, ref ReadOnlySpan<byte> rest, ILogReceiver receiver)
    {
        var isWhole = _before.Read(table, present, kind == Updated ? LoggedRow.Unchanged : LoggedRow.Null, ref rest);
        var written = _before.Written;
        var row = LoggedRow.Read(ref written);
        switch (kind)
        {
            case Inserted:
                Insert(entry, row, isWhole, receiver);
                break;
            case Updated:
                // What the row after leaves out is as in the row before.
                _ = _after.Read(table, presentAfter, LoggedRow.Unchanged, ref rest);
                var later = _after.Written;
                Update(entry, table, row, LoggedRow.Read(ref later), isWhole, receiver);
                break;
            default:
                PassOn(entry, c => c.OnDelete);
                Delete(entry, row, isWhole, receiver);
                break;
        }
    }

    private void Insert(TableEntry entry, LoggedRow row, bool isWhole, ILogReceiver receiver)
    {
        if (entry.Mapped?.Relation is { } relation)
        {
            receiver.Insert(relation.Oid, row);
            Incomplete(entry, isWhole);
        }
    }

    private void Update(TableEntry entry, MappedTable table, LoggedRow before, LoggedRow after, bool isWhole, ILogReceiver receiver)
    {
        foreach (var cascade in entry.Cascades)
        {
            if (cascade.OnUpdate && Changed(table, before, after, cascade.Columns))
            {
                PassOn(entry, cascade);
            }
        }

        if (entry.Mapped is { Relation: { } relation } mapped)
        {
            receiver.Update(relation.Oid, OldRow.Full, before, after);
            Incomplete(entry, isWhole || (mapped.Source.Key.Count > 0 && !Changed(table, before, after, mapped.Source.Key)));
        }
    }

    private void Delete(TableEntry entry, LoggedRow row, bool isWhole, ILogReceiver receiver)
    {
        if (entry.Mapped is { Relation: { } relation } mapped)
        {
            receiver.Delete(relation.Oid, OldRow.Full, row);
            Incomplete(entry, isWhole || mapped.Source.Key.Count > 0);
        }
    }

    /// <summary>Rows can lack values where a session has another binlog_row_image than the server.</summary>
    private void Incomplete(TableEntry entry, bool isWhole)
    {
        if (!isWhole)
        {
            definitions.LoadAgain(entry.Table!, _group, "Only parts of rows were logged (binlog_row_image is not FULL in some session)");
        }
    }

    private void PassOn(TableEntry entry, Func<Cascade, bool> condition)
    {
        foreach (var cascade in entry.Cascades.Where(condition))
        {
            PassOn(entry, cascade);
        }
    }

    private void PassOn(TableEntry entry, Cascade cascade)
    {
        if (cascade.Child.Wants(_group))
        {
            definitions.LoadAgain(cascade.Child, _group, $"A foreign key passed changes of {entry.Name.Schema}.{entry.Name.Name} on, which the log leaves out");
        }
    }

    private static bool Changed(MappedTable table, LoggedRow before, LoggedRow after, IReadOnlyList<string> columns)
    {
        var old = before.GetEnumerator();
        var now = after.GetEnumerator();
        for (var i = 0; old.MoveNext() && now.MoveNext(); i++)
        {
            if (now.Kind != LoggedRow.Unchanged && (old.Kind != now.Kind || !old.Value.SequenceEqual(now.Value)) && columns.Contains(table.Columns[i].Name))
            {
                return true;
            }
        }

        return false;
    }
}
