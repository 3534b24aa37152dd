using System.Globalization;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Commits;

/// <summary>Takes snapshots and refs out of the metadata. What a remaining ref points to, and the current snapshot, stays whatever is asked for.</summary>
internal static class SnapshotRemoval
{
    public static TableMetadata Apply(TableMetadata current, IReadOnlySet<long> snapshots, IReadOnlySet<string> refs)
    {
        var remaining = current.Refs.Where(r => r.Key == SnapshotRef.Main || !refs.Contains(r.Key)).ToDictionary(r => r.Key, r => r.Value, StringComparer.Ordinal);
        var held = remaining.Values.Select(r => r.SnapshotId).ToHashSet();
        if (current.CurrentSnapshotId is { } now)
        {
            _ = held.Add(now);
        }

        var kept = current.Snapshots.Where(s => held.Contains(s.SnapshotId) || !snapshots.Contains(s.SnapshotId)).ToList();
        if (kept.Count == current.Snapshots.Count && remaining.Count == current.Refs.Count)
        {
            return current;
        }

        // A history with a hole would tell of a state that never was: what is before the newest hole goes, as in Iceberg's own expiry.
        var ids = kept.Select(s => s.SnapshotId).ToHashSet();
        var log = current.SnapshotLog.Reverse().TakeWhile(e => ids.Contains(e.SnapshotId)).Reverse().ToList();
        return WithEarlier(current with { Snapshots = kept, Refs = remaining, SnapshotLog = log }, [.. current.History().Select(s => s.SnapshotId).Where(ids.Contains)]);
    }

    /// <summary>Parents of what is kept stay as they were, as the specification wants it; the way over the gaps is noted beside them.</summary>
    private static TableMetadata WithEarlier(TableMetadata next, IReadOnlyList<long> main)
    {
        var properties = next.Properties.Where(p => p.Key != TableMetadata.EarlierOfMain).ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
        var bare = next with { Properties = properties };
        var earlier = main.Except(bare.History().Select(s => s.SnapshotId)).ToList();
        if (earlier.Count > 0)
        {
            properties[TableMetadata.EarlierOfMain] = string.Join(',', earlier.Select(id => id.ToString(CultureInfo.InvariantCulture)));
        }

        return bare;
    }
}
