using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Contracts.Syncs;

namespace LakePortal.Portal.Pages.Reconciliations;

/// <summary>How much of a table is equal on both sides.</summary>
internal static class Match
{
    /// <summary>Rows that differ in any way.</summary>
    public static long Differing(ReconciliationInfo run) => run.Missing + run.Extra + run.Changed;

    /// <returns>Rows that either side has, each counted once; null before there is a verdict.</returns>
    public static long? All(ReconciliationInfo run) => run is { Verdict: not null, RowsSource: { } source } ? source + run.Extra : null;

    /// <returns>Share of all rows that either side has; null before there is a verdict.</returns>
    public static double? Share(ReconciliationInfo run)
    {
        if (All(run) is not { } all)
        {
            return null;
        }

        return all == 0 ? 1 : Math.Max(0, (double)(all - Differing(run)) / all);
    }

    /// <summary>Never 100 % while a single row differs, and never 0 % while one is equal.</summary>
    public static string Text(ReconciliationInfo run)
    {
        if (Share(run) is not { } share)
        {
            return "–";
        }

        var percent = share is 1 or 0 ? share * 100 : Math.Clamp(Math.Floor(share * 1_000_000) / 10_000, 0.0001, 99.9999);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{percent:0.####} %");
    }

    public static string Method(string method) => method switch
    {
        "snapshot" => "the whole table at one position",
        "rolling" => "range by range, each at its own moment",
        _ => method,
    };

    /// <summary>The verdict, or where the run is while there is none.</summary>
    public static string State(ReconciliationInfo run) => run.Verdict ?? run.State;

    public static bool IsLive(ReconciliationInfo run) => run.State is "queued" or "running";
}

/// <summary>A sync with its comparisons, newest first.</summary>
public sealed record ComparedSync(string Name, string? Source, IReadOnlyList<ReconciliationInfo> Runs)
{
    /// <summary>The newest one that came to a verdict.</summary>
    public ReconciliationInfo? Latest => Runs.FirstOrDefault(r => r.Verdict is not null && r.Scope is null);

    public ReconciliationInfo? Live => Runs.FirstOrDefault(Match.IsLive);

    /// <summary>The newest one, if it was not able to say anything.</summary>
    public ReconciliationInfo? Failed => Runs is [{ Verdict: null } first, ..] && !Match.IsLive(first) ? first : null;

    public string State => Live?.State ?? Latest?.Verdict ?? Failed?.State ?? "never-compared";

    /// <summary>When the difference that is still there was first seen.</summary>
    public DateTimeOffset? DifferentSince => Runs.Where(r => r.Verdict is not null && r.Scope is null).TakeWhile(r => r.Verdict == "different").LastOrDefault()?.StartedAt;

    /// <summary>One per sync; those that need somebody come first.</summary>
    internal static IReadOnlyList<ComparedSync> Of(IReadOnlyList<SyncSummary> syncs, IReadOnlyList<ReconciliationInfo> runs)
    {
        var bySync = runs.ToLookup(r => r.Sync, StringComparer.Ordinal);
        return
        [
            .. syncs.Select(s => new ComparedSync(s.Name, s.Source, [.. bySync[s.Name]]))
                .Concat(bySync.Where(g => syncs.All(s => s.Name != g.Key)).Select(g => new ComparedSync(g.Key, null, [.. g])))
                .OrderBy(s => s.State switch { "different" => 0, "failed" or "interrupted" => 1, "queued" or "running" => 2, "never-compared" => 4, _ => 3 })
                .ThenBy(s => s.Name, StringComparer.Ordinal),
        ];
    }
}
