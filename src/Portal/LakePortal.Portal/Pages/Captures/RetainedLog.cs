using LakePortal.Portal.Parts.Values;

namespace LakePortal.Portal.Pages.Captures;

/// <summary>The log that a server keeps for a slot: how much, how far from being dropped, and whether somebody should look.</summary>
/// <param name="Share">Of what may be kept; null: there is no limit, or nothing is known.</param>
/// <param name="Tone">ok, warn, bad, idle.</param>
public sealed record RetainedLog(long? Bytes, double? Share, string Tone, string Text)
{
    private const double Warning = 0.5;
    private const double Alarm = 0.8;
    private const long UnboundedWarning = 1L << 30;
    private const long UnboundedAlarm = 10L << 30;

    /// <param name="safe">What may be written before the server drops log that is still needed; null: it never does.</param>
    /// <param name="status">The server's own word: reserved, extended, unreserved, lost; of a binary log binlog or oldest.</param>
    public static RetainedLog Of(long? retained, long? safe, string? status)
    {
        if (status == "lost")
        {
            return new RetainedLog(retained, 1, "bad", "The server has dropped log that was still needed: the tables are loaded again.");
        }

        if (retained is not { } bytes)
        {
            return new RetainedLog(null, null, "idle", "The server was not asked yet.");
        }

        if (status is "binlog" or "oldest")
        {
            return new RetainedLog(bytes, null, status == "oldest" ? "warn" : "ok", status == "oldest"
                ? "What is read next is in the oldest file that the server still has: when it removes that, the tables are loaded again."
                : "The server removes its log by age, read or not: binlog_expire_logs_seconds, or expire_logs_days.");
        }

        if (safe is not { } left)
        {
            var unbounded = bytes >= UnboundedAlarm ? "bad" : bytes >= UnboundedWarning || status == "extended" ? "warn" : "ok";
            return new RetainedLog(bytes, null, unbounded, "The server sets no limit: it keeps log until its disk is full. max_slot_wal_keep_size bounds it.");
        }

        var share = left <= 0 ? 1 : (double)bytes / (bytes + left);
        var tone = status == "unreserved" || share >= Alarm ? "bad" : share >= Warning || status == "extended" ? "warn" : "ok";
        return new RetainedLog(bytes, share, tone, left <= 0 ? "The server may drop it at any moment." : $"{Formats.Bytes(left)} more may be written before the server drops log that is still needed.");
    }
}
