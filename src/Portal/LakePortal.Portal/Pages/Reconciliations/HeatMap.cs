using LakePortal.Ingestion.Contracts.Reconciliation;

namespace LakePortal.Portal.Pages.Reconciliations;

/// <param name="Number">Of the first range in it.</param>
/// <param name="Heat">0: equal; 1 to 4: how large the difference in rows is, for a range whose counts agree 1.</param>
internal sealed record HeatCell(int Number, int Ranges, int Different, string? Low, string? High, long RowsSource, long RowsLake, int Heat)
{
    public string Interval => $"{Low ?? "first"} … {(High is null ? "last" : $"before {High}")}";

    public bool Holds(int number) => number >= Number && number < Number + Ranges;
}

/// <summary>The key ranges of a table in order, so many in a cell that the map stays readable.</summary>
internal static class HeatMap
{
    public const int MostCells = 480;

    public static IReadOnlyList<HeatCell> Of(IReadOnlyList<ReconciliationRange> ranges, int most = MostCells)
    {
        if (ranges.Count == 0)
        {
            return [];
        }

        var size = (ranges.Count + most - 1) / most;
        return [.. ranges.OrderBy(r => r.Number).Chunk(size).Select(Cell)];
    }

    private static HeatCell Cell(ReconciliationRange[] ranges)
    {
        var (source, lake) = (ranges.Sum(r => r.RowsSource), ranges.Sum(r => r.RowsLake));
        var different = ranges.Count(r => r.Verdict == "different");
        return new HeatCell(ranges[0].Number, ranges.Length, different, ranges[0].Low, ranges[^1].High, source, lake, different == 0 ? 0 : Heat(ranges));
    }

    private static int Heat(ReconciliationRange[] ranges)
    {
        var off = ranges.Sum(r => Math.Abs(r.RowsSource - r.RowsLake));
        var share = (double)off / Math.Max(1, ranges.Sum(r => Math.Max(r.RowsSource, r.RowsLake)));
        return share switch
        {
            >= 0.5 => 4,
            >= 0.05 => 3,
            > 0 => 2,
            _ => 1,
        };
    }
}
