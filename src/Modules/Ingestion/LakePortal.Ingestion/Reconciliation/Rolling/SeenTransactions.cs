using System.Globalization;

namespace LakePortal.Ingestion.Reconciliation.Rolling;

/// <summary>Which transactions a read of the source has seen, as its snapshot says: those before <see cref="Xmin"/>, and of those before <see cref="Xmax"/> the ones that were not running.</summary>
internal sealed record SeenTransactions(long Xmin, long Xmax, IReadOnlyList<long> Running)
{
    private const long Half = 1L << 31;
    private const long All = 1L << 32;

    /// <param name="text">As txid_current_snapshot() prints it: <c>10:20:10,14</c>.</param>
    public static SeenTransactions Parse(string text)
    {
        var parts = text.Split(':');
        return parts is [var xmin, var xmax, var running]
            ? new SeenTransactions(Number(xmin), Number(xmax), running.Length == 0 ? [] : [.. running.Split(',').Select(Number)])
            : throw new SourceProtocolException($"'{text}' is no snapshot of transactions.");
    }

    /// <summary>
    /// Those that had begun before the horizon and were not seen. They may have committed in the log already: a transaction is in the log before it is seen,
    /// for as long as its commit waits for a standby.
    /// </summary>
    public IReadOnlyList<long> UndecidedBefore(long horizon) => [.. Running.Where(x => x < horizon)];

    /// <summary>The number that the log gives a transaction: its lower half.</summary>
    public static long Logged(long xid) => xid % All;

    /// <summary>A transaction of the log with its upper half, which is that of the snapshot or of a neighbour.</summary>
    /// <param name="xid">SQL of the logged number.</param>
    /// <param name="xmax">SQL of the snapshot's upper end.</param>
    public static string WidenedSql(string xid, string xmax) =>
        string.Create(CultureInfo.InvariantCulture, $"({xmax} + (({xid} - {xmax} % {All} + {All} + {Half}) % {All}) - {Half})");

    /// <summary>Whether a transaction was seen.</summary>
    /// <param name="xid">SQL of its whole number.</param>
    /// <param name="reads">Alias of a table with the columns xmin, xmax and running.</param>
    public static string IsSeenSql(string xid, string reads) => $"({xid} < {reads}.xmin OR ({xid} < {reads}.xmax AND NOT list_contains({reads}.running, {xid})))";

    public string RunningSql => $"[{string.Join(", ", Running.Select(x => x.ToString(CultureInfo.InvariantCulture)))}]::BIGINT[]";

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
