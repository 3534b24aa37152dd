using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>Sorts what the log says into the batch of the moment. One thread, which holds the batch's lock.</summary>
internal sealed class LogReceiver(Func<string, string, CapturedTable?> find, Func<CapturedTable, Relation, TableShape?> shape, TimeProvider clock) : ILogReceiver
{
    private readonly Dictionary<uint, (Relation Relation, CapturedTable? Table)> _tables = [];
    private LoggedTransaction _transaction;
    private uint _ordinal;
    private bool _hasChanges;

    public ChangeBatch Batch { get; set; } = null!;

    /// <summary>Between Begin and Commit.</summary>
    public bool InTransaction { get; private set; }

    /// <summary>Changes since the start, whether wanted or not.</summary>
    public long Seen { get; private set; }

    /// <summary>Our own words in the log, with the prefix.</summary>
    public Action<string, LogPosition>? OnMessage { get; set; }

    /// <summary>Which tables are captured has changed.</summary>
    public void Forget()
    {
        foreach (var (oid, known) in _tables.ToList())
        {
            _tables[oid] = (known.Relation, find(known.Relation.Schema, known.Relation.Name));
        }
    }

    public void Begin(LoggedTransaction transaction)
    {
        (_transaction, _ordinal, _hasChanges, InTransaction) = (transaction, 0, false, true);
    }

    public void Commit(LogPosition end)
    {
        InTransaction = false;
        Batch.Commit(_transaction, end, _hasChanges, clock.GetTimestamp());
    }

    public void Describe(Relation relation) => _tables[relation.Oid] = (relation, find(relation.Schema, relation.Name));

    public void Insert(uint relation, LoggedRow row)
    {
        if (Find(relation) is { } table)
        {
            Batch.Add(table, ChangeSegment.Created, row, default, OldRow.None, _transaction, ref _ordinal);
        }
    }

    public void Update(uint relation, OldRow kind, LoggedRow old, LoggedRow row)
    {
        if (Find(relation) is not { } table)
        {
            return;
        }

        if (kind == OldRow.None || (table.Shape!.Key.Count > 0 && !KeyChanged(table.Shape, old, row)))
        {
            Batch.Add(table, ChangeSegment.Updated, row, old, kind, _transaction, ref _ordinal);
            return;
        }

        // Under another key it is another row: the old one goes, a new one comes.
        Batch.Add(table, ChangeSegment.Deleted, old, default, OldRow.None, _transaction, ref _ordinal);
        Batch.Add(table, ChangeSegment.Created, row, old, kind, _transaction, ref _ordinal, moved: Batch.LastSequence);
    }

    public void Delete(uint relation, OldRow kind, LoggedRow old)
    {
        if (Find(relation) is { } table)
        {
            Batch.Add(table, ChangeSegment.Deleted, old, default, OldRow.None, _transaction, ref _ordinal);
        }
    }

    public void Truncate(ReadOnlySpan<uint> relations)
    {
        foreach (var relation in relations)
        {
            if (Find(relation) is { } table)
            {
                Batch.AddTruncate(table, _transaction, ref _ordinal);
            }
        }
    }

    public void Message(string prefix, ReadOnlySpan<byte> content) => OnMessage?.Invoke(prefix, _transaction.CommitPosition);

    private CapturedTable? Find(uint relation)
    {
        Seen++;
        if (!_tables.TryGetValue(relation, out var known))
        {
            throw new SourceProtocolException($"The log has a change of a table ({relation}) that it did not describe.");
        }

        if (known.Table is not { } table || !table.Wants(_transaction.CommitPosition))
        {
            return null;
        }

        if (table.IsShapeOutdated || !ReferenceEquals(table.Shape?.Relation, known.Relation))
        {
            var isOutdated = table.IsShapeOutdated;
            table.IsShapeOutdated = false;
            // The same definition, sent once more, keeps the rows in one piece.
            table.Shape = !isOutdated && table.Shape is { } same && same.Relation.IsSameAs(known.Relation) ? same with { Relation = known.Relation } : shape(table, known.Relation);
            if (table.Shape is null)
            {
                return null;
            }
        }

        _hasChanges = true;
        return table;
    }

    private static bool KeyChanged(TableShape shape, LoggedRow old, LoggedRow row)
    {
        var before = old.GetEnumerator();
        var after = row.GetEnumerator();
        for (var i = 0; before.MoveNext() && after.MoveNext(); i++)
        {
            if (shape.IsKey[i] && after.Kind != LoggedRow.Unchanged && (before.Kind != after.Kind || !before.Value.SequenceEqual(after.Value)))
            {
                return true;
            }
        }

        return false;
    }
}
