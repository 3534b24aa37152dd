using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Store;

namespace LakePortal.Ingestion.Offload.Reading;

/// <summary>How a table can be read.</summary>
/// <param name="Heaps">Heaps to read one by one; empty: the table is read through its name, in one piece.</param>
/// <param name="HasPageRanges">The server finds page ranges without reading the rest (version 14 and later).</param>
/// <param name="HasRowVersions">Rows tell which transaction wrote them: what changed since a snapshot can be found.</param>
internal sealed record ReadAccess(IReadOnlyList<PgHeap> Heaps, bool HasPageRanges, bool HasRowVersions)
{
    private const int TidRangeScanVersion = 14;

    public static ReadAccess For(PgTable table, IReadOnlyList<PgHeap> heaps, int serverVersion)
    {
        // Row policies and privileges belong to the name that is read: partitions are read one by one only where both cannot differ.
        var direct = table.Kind is 'r' or 'p' or 'm' && heaps.All(h => h.CanRead && !h.HasRowSecurity);
        var versions = table.Kind is 'r' or 'p' && heaps.All(h => h.Kind == 'r');
        return direct ? new(heaps, serverVersion >= TidRangeScanVersion, versions) : new([], false, versions && heaps.Count == 1);
    }
}

/// <param name="Lanes">Chunks that are read at once.</param>
/// <param name="SmallestBytes">Of the heap, for one chunk.</param>
/// <param name="LargestBytes">Of the heap, for one chunk.</param>
internal sealed record ChunkSizes(int Lanes, long SmallestBytes, long LargestBytes);

internal static class ChunkPlanner
{
    private const long PageBytes = 8192;

    /// <summary>All of the table, in one snapshot.</summary>
    public static IReadOnlyList<ReadChunk> Whole(ReadAccess access, ChunkSizes sizes, long? sinceXid = null)
    {
        if (access.Heaps.Count == 0)
        {
            return [new ReadChunk(1, null, 0, null, sinceXid)];
        }

        var chunks = new List<ReadChunk>();
        var pagesPerChunk = PagesPerChunk(access, sizes);
        foreach (var heap in access.Heaps)
        {
            Split(heap, access, pagesPerChunk, sinceXid, chunks);
        }

        return chunks.Count > 0 ? chunks : [new ReadChunk(1, null, 0, null, sinceXid)];
    }

    /// <summary>
    /// The rest of a load whose finished chunks were read in earlier snapshots. A row version that existed in a chunk's snapshot and lives on is
    /// still on its page, in the chunk; any other was written by a transaction that the snapshot did not see. So: pages that no chunk covers in full,
    /// and from covered pages what was written since. Together they are every row of the new snapshot.
    /// </summary>
    public static IReadOnlyList<ReadChunk> Rest(ReadAccess access, ChunkSizes sizes, IReadOnlyList<ChunkRow> done)
    {
        var number = done.Max(c => c.Number);
        var chunks = new List<ReadChunk>();
        var pagesPerChunk = PagesPerChunk(access, sizes);
        foreach (var heap in access.Heaps)
        {
            var planned = new List<ReadChunk>();
            Split(heap, access, pagesPerChunk, null, planned);
            var covered = done.Where(c => c.Heap == heap.Oid && c.SinceXid is null).OrderBy(c => c.FromPage).ToList();
            long next = 0;
            var open = true;
            foreach (var chunk in covered)
            {
                if (chunk.FromPage > next)
                {
                    Pieces(heap, next, chunk.FromPage, pagesPerChunk, access, chunks);
                }

                // A later attempt may already have read what was written since the chunk's own snapshot.
                var since = done.Where(c => c.Heap == heap.Oid && c.FromPage == chunk.FromPage && c.ToPage == chunk.ToPage).Max(c => c.SnapshotXmin);
                chunks.Add(new ReadChunk(0, heap, chunk.FromPage, chunk.ToPage, since));
                open = chunk.ToPage is not null;
                next = chunk.ToPage ?? long.MaxValue;
            }

            if (open)
            {
                Pieces(heap, next, null, pagesPerChunk, access, chunks);
            }
        }

        return [.. chunks.Select((c, i) => c with { Number = number + i + 1 })];
    }

    private static long PagesPerChunk(ReadAccess access, ChunkSizes sizes)
    {
        var bytes = access.Heaps.Sum(h => h.Pages) * PageBytes;
        return Math.Clamp(bytes / (sizes.Lanes * 4), sizes.SmallestBytes, Math.Max(sizes.SmallestBytes, sizes.LargestBytes)) / PageBytes;
    }

    private static void Split(PgHeap heap, ReadAccess access, long pagesPerChunk, long? sinceXid, List<ReadChunk> chunks)
    {
        var first = chunks.Count;
        Pieces(heap, 0, null, pagesPerChunk, access, chunks);
        for (var i = first; i < chunks.Count; i++)
        {
            chunks[i] = chunks[i] with { Number = i + 1, SinceXid = sinceXid };
        }
    }

    private static void Pieces(PgHeap heap, long from, long? to, long pagesPerChunk, ReadAccess access, List<ReadChunk> chunks)
    {
        var end = to ?? heap.Pages;
        if (access.HasPageRanges && heap.Kind is 'r' or 'm')
        {
            // A short tail joins its neighbour.
            for (; end - from > pagesPerChunk + (pagesPerChunk / 4); from += pagesPerChunk)
            {
                chunks.Add(new ReadChunk(0, heap, from, from + pagesPerChunk, null));
            }
        }

        chunks.Add(new ReadChunk(0, heap, from, to, null));
    }
}
