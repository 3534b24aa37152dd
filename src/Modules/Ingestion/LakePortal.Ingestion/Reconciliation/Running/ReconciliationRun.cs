using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Offload;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Reconciliation.Comparison;
using LakePortal.Ingestion.Reconciliation.Rolling;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Syncs;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;

namespace LakePortal.Ingestion.Reconciliation.Running;

internal sealed record ReconciliationRequest(
    string RunId, SyncDefinition Sync, SourceDefinition Source, string Method, bool Repair, long? Sample, byte[]? HashKey)
{
    public RollingScope? Scope { get; init; }
}

internal static class ReconciliationMethods
{
    /// <summary>The whole table at one position (method S).</summary>
    public const string Snapshot = "snapshot";

    /// <summary>Range by range, each in a short transaction (method W).</summary>
    public const string Rolling = "rolling";

    public static readonly IReadOnlyList<string> All = [Snapshot, Rolling];
}

/// <summary>What a finished reconciliation has found.</summary>
internal sealed record ReconciliationResult
{
    public required string Position { get; init; }

    public required bool IsPositionExact { get; init; }

    public required LakeMoment Lake { get; init; }

    public required IReadOnlyList<ComparedRange> Ranges { get; init; }

    public required DifferenceCounts Counts { get; init; }

    public required long TypeLoss { get; init; }

    public required IReadOnlyList<ShownDifference> Shown { get; init; }

    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Equal as far as it can be told; columns that cannot be compared are not.</summary>
    public required bool IsEqual { get; init; }

    public long Repaired { get; init; }

    public long? RepairSnapshotId { get; init; }

    public string Verdict => IsEqual ? "equal" : Repaired > 0 && Repaired == Counts.Keys ? "repaired" : "different";
}

/// <summary>
/// Method S: a snapshot of the source with the log position that belongs to it, the lake's snapshot at that position (or where its last load left it), all rows
/// of both compared, and what differs repaired.
/// </summary>
internal sealed partial class ReconciliationRun(ReconciliationServices services, ReconciliationRequest request, OffloadProgress progress)
{
    private const int MostAttempts = 3;

    private readonly Dictionary<string, string> _retold = new(StringComparer.Ordinal);
    private readonly List<string> _tags = [];
    private TablePlan? _plan;

    public async Task<ReconciliationResult> RunAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return request.Method == ReconciliationMethods.Rolling ? await RollAsync(cancellationToken) : await AttemptAsync(cancellationToken);
            }
            catch (ColumnNeedsTextException e) when (_plan is { } plan && e.Column >= 0 && _retold.TryAdd(plan.Columns[e.Column].Source.Name, e.Reason))
            {
                progress.Note($"Column {plan.Columns[e.Column].LakeName}: {e.Reason}. Comparing starts over with its values as text.", RunLogLevel.Warning);
                attempt--;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && attempt < MostAttempts
                && (e as LakePortalException ?? PostgresErrors.Translate(e, request.Source, request.Sync.SourceTable)) is { IsTransient: true } transient)
            {
                progress.Note($"Attempt {attempt} broke: {transient.Message} Trying again.", RunLogLevel.Warning);
                await Task.Delay(TimeSpan.FromSeconds(attempt), services.Offload.Clock, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is not LakePortalException && PostgresErrors.Translate(e, request.Source, request.Sync.SourceTable) is { } translated)
            {
                throw translated;
            }
            finally
            {
                await services.Tags.RemoveAsync(request.Sync.Refined, _tags, CancellationToken.None);
                _tags.Clear();
            }
        }
    }

    private async Task<ReconciliationResult> AttemptAsync(CancellationToken cancellationToken)
    {
        progress.Begin("connecting", null, false);
        var moment = await OpenAsync(cancellationToken);
        try
        {
            var rows = moment.LakeRows;
            progress.Begin("choosing ranges", null, false);
            var ranges = await moment.Comparison.ChooseRangesAsync(rows, RangesWanted(rows), cancellationToken);
            var found = new Findings(services.Options.MostDifferences);
            foreach (var part in Parts(ranges, rows))
            {
                if (found.Ranges.Count > 0 && services.Offload.Clock.GetElapsedTime(moment.TakenAt) > services.Options.LongestSnapshot)
                {
                    var next = await OpenAsync(cancellationToken);
                    await moment.DisposeAsync();
                    moment = next;
                    ranges = ranges with { Table = moment.Comparison.Table };
                }

                progress.Begin("comparing", request.Sample is null ? moment.SourceTable.Rows : null, isEstimate: true);
                await CompareAsync(moment, ranges, part, found, cancellationToken);
            }

            return found.Result(moment.Snapshot.Position, moment.Snapshot.IsExact, moment.Lake, moment.Comparison.Table);
        }
        finally
        {
            await moment.DisposeAsync();
        }
    }

    private int RangesWanted(long rows) =>
        request.Sample is { } sample && sample < rows ? (int)Math.Clamp(rows * 16 / Math.Max(1, sample), 1, 1024)
        : rows > services.Options.PartRows ? (int)Math.Clamp(Math.Max(services.Options.Ranges, (rows / services.Options.PartRows) + 1), 1, 1024)
        : services.Options.Ranges;

    /// <summary>What is read at once; null: all of the table, page by page.</summary>
    private List<IReadOnlyList<KeyInterval>?> Parts(KeyRanges ranges, long rows)
    {
        var intervals = Enumerable.Range(0, ranges.Count).Select(ranges.Interval).ToList();
        if (request.Sample is { } sample && sample < rows)
        {
            if (ranges.IsByHash || ranges.Count == 1)
            {
                throw new ReconciliationNotPossibleException(request.Sync.Name, "a sample is made of key ranges, and the table has no key of which ranges could be made", "Leave out the sample.");
            }

            // By the run's id: another run draws another sample, the same one the same.
            var random = new Random(int.Parse(request.RunId.AsSpan(request.RunId.Length - 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            var count = (int)Math.Clamp((sample * ranges.Count / Math.Max(1, rows)) + 1, 1, ranges.Count);
            return [[.. Enumerable.Range(0, ranges.Count).OrderBy(_ => random.Next()).Take(count).Order().Select(i => intervals[i])]];
        }

        // Ranges of texts are not what the source's index is ordered by: they would read the table once for each part.
        if (rows <= services.Options.PartRows || ranges.IsByHash || ranges.Table.Key[0].Plan.IsText)
        {
            return [null];
        }

        var parts = (int)Math.Min(ranges.Count, (rows / services.Options.PartRows) + 1);
        return [.. intervals.Chunk((ranges.Count + parts - 1) / parts).Select(c => (IReadOnlyList<KeyInterval>?)[new KeyInterval(c[0].Low, c[^1].High)])];
    }

    private async Task CompareAsync(OpenMoment moment, KeyRanges ranges, IReadOnlyList<KeyInterval>? part, Findings found, CancellationToken cancellationToken)
    {
        var comparison = moment.Comparison;
        var sums = await comparison.SumAsync(ranges, part, cancellationToken);
        found.Ranges.AddRange(sums.Select(s => new ComparedRange(s, moment.Snapshot.Position)));
        var different = sums.Where(s => !s.IsEqual).ToList();
        if (different.Count == 0)
        {
            return;
        }

        progress.Begin("finding differences", null, false);
        var counts = await comparison.FindAsync(ranges, different, cancellationToken);
        progress.Note(string.Create(CultureInfo.InvariantCulture, $"{different.Count} of {sums.Count} ranges differ: {counts.Missing} rows are missing in the lake, {counts.Extra} are extra, {counts.Changed} changed."));
        if (counts.Keys == 0)
        {
            return;
        }

        var isRepairable = request.Repair && CanRepair(moment.Comparison.Table, found);
        await comparison.FetchSourceAsync(isRepairable ? null : services.Options.MostDifferences, cancellationToken);
        var shown = await comparison.ShowAsync(found.Room, cancellationToken);
        found.TypeLoss += await comparison.CountLossesAsync(cancellationToken);
        found.Add(counts);
        if (isRepairable)
        {
            progress.Begin("repairing", counts.Keys, false);
            var unrepaired = await RepairAsync(moment, counts, found, cancellationToken);
            found.Show(shown, n => !unrepaired.Contains(n));
        }
        else
        {
            found.Show(shown, _ => false);
        }
    }
}

/// <summary>What the parts of a run add up to.</summary>
internal sealed class Findings(int mostShown)
{
    private readonly List<ShownDifference> _shown = [];

    public List<ComparedRange> Ranges { get; } = [];

    public DifferenceCounts Counts { get; private set; } = new(0, 0, 0, 0);

    public long TypeLoss { get; set; }

    public long Repaired { get; set; }

    public long? RepairSnapshotId { get; set; }

    public List<string> Notes { get; } = [];

    public int Room => mostShown - _shown.Count;

    public void Add(DifferenceCounts counts) =>
        Counts = new(Counts.Missing + counts.Missing, Counts.Extra + counts.Extra, Counts.Changed + counts.Changed, Counts.Keys + counts.Keys);

    public void Show(IReadOnlyList<RowDifference> rows, Func<int, bool> isRepaired) => _shown.AddRange(rows.Select(r => new ShownDifference(r, isRepaired(r.Number))));

    public ReconciliationResult Result(string position, bool isExact, LakeMoment lake, ComparedTable table) => new()
    {
        Position = position,
        IsPositionExact = isExact,
        Lake = lake,
        Ranges = Ranges,
        Counts = Counts,
        TypeLoss = TypeLoss,
        Shown = _shown,
        Notes = [.. table.Notes, .. Notes, .. Counts.All > 0 ? Behind(position, lake) : []],
        IsEqual = Counts.All == 0 && !table.HasLostColumns,
        Repaired = Repaired,
        RepairSnapshotId = RepairSnapshotId,
    };

    private static IEnumerable<string> Behind(string position, LakeMoment lake)
    {
        if (lake.Position != position)
        {
            yield return $"The lake is as of {lake.Position}, the source is at {position}: what changed in between and was not loaded yet counts as different.";
        }
    }
}
