using System.Globalization;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Offload.Reading;

/// <summary>A part of a table that is read by one statement.</summary>
/// <param name="Number">From 1, in reading order, over all attempts of a load.</param>
/// <param name="Heap">The heap; null: the table as a whole, through its name.</param>
/// <param name="FromPage">First page; or the lowest key, of a source that is read by keys.</param>
/// <param name="ToPage">Exclusive; null: to the end.</param>
/// <param name="SinceXid">Only rows that this transaction or a later one wrote.</param>
internal sealed record ReadChunk(int Number, PgHeap? Heap, long FromPage, long? ToPage, long? SinceXid)
{
    /// <summary>The column by whose values the table is divided; null: by pages, or not at all.</summary>
    public string? KeyColumn { get; init; }

    public string Range
    {
        get
        {
            if (KeyColumn is { } key)
            {
                return (FromPage, ToPage) switch
                {
                    (long.MinValue, null) => "all rows",
                    (long.MinValue, _) => string.Create(CultureInfo.InvariantCulture, $"{key} below {ToPage}"),
                    (_, null) => string.Create(CultureInfo.InvariantCulture, $"{key} from {FromPage}"),
                    _ => string.Create(CultureInfo.InvariantCulture, $"{key} from {FromPage} to {ToPage - 1}"),
                };
            }

            var pages = (FromPage, ToPage) switch
            {
                (0, null) => "all rows",
                (_, null) => string.Create(CultureInfo.InvariantCulture, $"pages from {FromPage}"),
                _ => string.Create(CultureInfo.InvariantCulture, $"pages {FromPage} to {ToPage - 1}"),
            };
            var of = Heap is null ? pages : $"{Heap.Schema}.{Heap.Name}: {pages}";
            return SinceXid is { } xid ? string.Create(CultureInfo.InvariantCulture, $"{of}, changed since transaction {xid}") : of;
        }
    }

    /// <param name="xmax">The snapshot's xmax with its epoch: the row's 32-bit xmin is widened against it.</param>
    public string CopySql(PgTable table, TablePlan plan, long xmax)
    {
        var conditions = new List<string>();
        if (FromPage > 0)
        {
            conditions.Add(string.Create(CultureInfo.InvariantCulture, $"ctid >= '({FromPage},0)'::tid"));
        }

        if (ToPage is { } to)
        {
            conditions.Add(string.Create(CultureInfo.InvariantCulture, $"ctid < '({to},0)'::tid"));
        }

        if (SinceXid is { } since)
        {
            conditions.Add(XminAtLeast(since, xmax));
        }

        var from = Heap is { } heap ? (heap.Kind is 'r' or 'm' ? "ONLY " : "") + PgSql.Qualified(heap.Schema, heap.Name) : table.Sql;
        var where = conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", conditions)}";
        return $"COPY (SELECT {string.Join(", ", plan.Columns.Select(c => c.Select))} FROM {from}{where}) TO STDOUT (FORMAT binary)";
    }

    /// <summary>A row's xmin has 32 bits. It cannot be newer than the snapshot, so it belongs to the snapshot's epoch when it is not above its lower half, and to the one before otherwise.</summary>
    private static string XminAtLeast(long since, long xmax)
    {
        const long Epoch = 1L << 32;
        var low = xmax & (Epoch - 1);
        var high = xmax - low;
        return string.Create(CultureInfo.InvariantCulture, $"xmin::text::int8 + CASE WHEN xmin::text::int8 <= {low} THEN {high} ELSE {high - Epoch} END >= {since}");
    }
}
