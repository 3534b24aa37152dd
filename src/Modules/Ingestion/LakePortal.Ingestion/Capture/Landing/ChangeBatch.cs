using System.Globalization;
using LakePortal.Engine.Writing;
using LakePortal.Ingestion.Capture.Reading;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>Whole transactions, one after another, that will be committed together.</summary>
internal sealed class ChangeBatch(IStagingArea area, long number) : IDisposable
{
    private readonly Dictionary<CapturedTable, List<ChangeSegment>> _segments = [];
    private long _sequence;
    private int _names;

    public long Number { get; } = number;

    public IReadOnlyDictionary<CapturedTable, List<ChangeSegment>> Segments => _segments;

    public long Rows { get; private set; }

    public long Bytes => _segments.Values.SelectMany(s => s).Sum(s => s.Bytes);

    public int Transactions { get; private set; }

    /// <summary>Everything before it is in this batch or in those before.</summary>
    public LogPosition End { get; private set; }

    /// <summary>Commit time of the oldest and the newest transaction in it.</summary>
    public DateTimeOffset? Oldest { get; private set; }

    public DateTimeOffset? Newest { get; private set; }

    /// <summary>When the first change came, by this machine's clock; null: none has.</summary>
    public long? StartedAt { get; private set; }

    public void Add(CapturedTable table, char operation, LoggedRow row, LoggedRow old, OldRow oldKind, in LoggedTransaction transaction, ref uint ordinal, long? moved = null)
    {
        Segment(table).Add(operation, row, old, oldKind, transaction, ++ordinal, _sequence++, moved);
        Rows++;
    }

    public long LastSequence => _sequence - 1;

    public void AddTruncate(CapturedTable table, in LoggedTransaction transaction, ref uint ordinal)
    {
        Segment(table).AddTruncate(transaction, ++ordinal, _sequence++);
        Rows++;
    }

    public void Commit(in LoggedTransaction transaction, LogPosition end, bool hasChanges, long now)
    {
        End = end;
        if (hasChanges)
        {
            Transactions++;
            Oldest ??= transaction.CommittedAt;
            Newest = transaction.CommittedAt;
            StartedAt ??= now;
        }
    }

    /// <summary>The log goes on, without anything for the lake.</summary>
    public void Advance(LogPosition end) => End = end > End ? end : End;

    public void Dispose()
    {
        foreach (var segment in _segments.Values.SelectMany(s => s))
        {
            segment.Dispose();
        }
    }

    private ChangeSegment Segment(CapturedTable table)
    {
        if (!_segments.TryGetValue(table, out var segments))
        {
            _segments.Add(table, segments = []);
        }

        if (segments.Count == 0 || !ReferenceEquals(segments[^1].Shape, table.Shape))
        {
            var shape = table.Shape ?? throw new SourceProtocolException($"The log has a change of {table.Sync.SourceTable} before its relation.");
            segments.Add(new ChangeSegment(area, shape, string.Create(CultureInfo.InvariantCulture, $"changes_{Number}_{++_names}")));
        }

        return segments[^1];
    }
}
