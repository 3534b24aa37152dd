using System.ComponentModel.DataAnnotations;
using System.Globalization;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Serving.Tables.Retention;

/// <summary>Section <c>Retention</c>.</summary>
internal sealed record RetentionOptions
{
    public const string SectionName = "Retention";

    /// <summary>Quartz cron; empty: snapshots are expired only by hand.</summary>
    public string Schedule { get; init; } = "0 7/10 * * * ?";

    /// <summary>So many newest snapshots of a table stay, however old.</summary>
    [Range(1, 100_000, ErrorMessage = "Retention:KeepSnapshots must be between 1 and 100000.")]
    public int KeepSnapshots { get; init; } = 100;

    /// <summary>Of older ones, the last of each hour stays for so long.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00", ErrorMessage = "Retention:KeepFor must be between 00:00:00 and 3650.00:00:00.")]
    public TimeSpan KeepFor { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The last snapshot of each day of a refined table stays for so long, as the tag daily/YYYY-MM-DD.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00", ErrorMessage = "Retention:KeepDaily must be between 00:00:00 and 3650.00:00:00.")]
    public TimeSpan KeepDaily { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Files that no snapshot refers to are taken for leftovers once they are so old: a write that goes on longer would lose what it has written.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00", ErrorMessage = "Retention:OrphanAge must be between 01:00:00 and 3650.00:00:00.")]
    public TimeSpan OrphanAge { get; init; } = TimeSpan.FromDays(3);

    /// <summary>Files of expired snapshots are deleted so long after; and never while a statement goes on that began before.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00", ErrorMessage = "Retention:Grace must be between 00:00:00 and 30.00:00:00.")]
    public TimeSpan Grace { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>What of a table's history goes.</summary>
/// <param name="Snapshots">Snapshots that nothing needs.</param>
/// <param name="Refs">Tags and branches whose time is over.</param>
internal sealed record ExpiryPlan(IReadOnlySet<long> Snapshots, IReadOnlySet<string> Refs);

internal static class RetentionRules
{
    private const string Notes = "lakeportal.";
    private const string LoadKind = "lakeportal.load-kind";
    private const string CommitId = "lakeportal.commit-id";

    /// <summary>
    /// Kept are: what a branch or tag points to; the newest snapshots; the last one of each hour for a while; and, whatever their age, the newest one with each of the notes that
    /// writers leave in summaries: the position of its source that a table has reached, the load that it holds. What is on no branch stays for the grace. Iceberg's own table properties
    /// for it (history.expire.…) keep more, or fewer.
    /// </summary>
    public static ExpiryPlan Plan(TableMetadata table, RetentionOptions options, DateTimeOffset now)
    {
        var over = table.Refs.Where(r => r.Key != SnapshotRef.Main && r.Value.MaxRefAge is { } age && table.FindSnapshot(r.Value.SnapshotId) is { } at && at.Timestamp + age < now)
            .Select(r => r.Key).ToHashSet(StringComparer.Ordinal);
        var kept = table.Refs.Where(r => !over.Contains(r.Key)).Select(r => r.Value.SnapshotId).ToHashSet();
        var count = (int)Math.Min(Number(table, "history.expire.min-snapshots-to-keep") ?? options.KeepSnapshots, int.MaxValue);
        var all = Number(table, "history.expire.max-snapshot-age-ms") is { } ms ? TimeSpan.FromMilliseconds(ms) : TimeSpan.Zero;
        var history = table.History().ToList();
        var (hours, notes) = (new HashSet<long>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (index, snapshot) in history.Index())
        {
            var isLastOfHour = hours.Add(snapshot.Timestamp.UtcTicks / TimeSpan.TicksPerHour);
            var fresh = NotesOf(snapshot).Where(notes.Add).ToList();
            if (index < count || fresh.Count > 0 || snapshot.Timestamp > now - all || (snapshot.Timestamp > now - options.KeepFor && isLastOfHour))
            {
                _ = kept.Add(snapshot.SnapshotId);
            }
        }

        var main = history.Select(s => s.SnapshotId).ToHashSet();
        kept.UnionWith(table.Snapshots.Where(s => !main.Contains(s.SnapshotId) && s.Timestamp > now - options.Grace).Select(s => s.SnapshotId));
        return new ExpiryPlan(table.Snapshots.Select(s => s.SnapshotId).Where(id => !kept.Contains(id)).ToHashSet(), over);
    }

    /// <summary>The last snapshot of each day that is over, as far as it has no tag yet.</summary>
    public static IReadOnlyList<(string Tag, long SnapshotId)> Days(TableMetadata table, RetentionOptions options, DateTimeOffset now)
    {
        var days = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var snapshot in table.History())
        {
            var day = snapshot.Timestamp.UtcDateTime.Date;
            if (day < now.UtcDateTime.Date && snapshot.Timestamp > now - options.KeepDaily)
            {
                _ = days.TryAdd($"daily/{day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}", snapshot.SnapshotId);
            }
        }

        return [.. days.Where(d => !table.Refs.ContainsKey(d.Key)).Select(d => (d.Key, d.Value))];
    }

    private static IEnumerable<string> NotesOf(Snapshot snapshot) =>
        snapshot.Summary.Where(n => n.Key.StartsWith(Notes, StringComparison.Ordinal) && n.Key != CommitId).Select(n => n.Key == LoadKind ? $"{n.Key}={n.Value}" : n.Key);

    private static long? Number(TableMetadata table, string property) =>
        table.Properties.TryGetValue(property, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
