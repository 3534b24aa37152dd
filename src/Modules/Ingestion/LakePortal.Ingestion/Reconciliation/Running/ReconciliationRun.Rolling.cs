using System.Globalization;
using LakePortal.Iceberg.Scans;
using LakePortal.Ingestion.Capture.DeadLetters;
using LakePortal.Ingestion.Reconciliation.Comparison;
using LakePortal.Ingestion.Reconciliation.Rolling;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Runs;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>
/// Method W: the source is read range by range in short transactions, and each range is compared with what the lake's rows and its log say of it for exactly the
/// transactions that its read has seen. No snapshot is held open, no slot is made, nothing waits for running transactions.
/// </summary>
internal sealed partial class ReconciliationRun
{
    private const long WindowBytes = 256L << 20;

    // The source orders texts in its own way: a range of theirs reads the whole table.
    private const int MostTextRanges = 8;
    private const int MostRanges = 1024;

    private static readonly TimeSpan WindowTime = TimeSpan.FromSeconds(10);

    private RollingState? _rolling;

    /// <summary>What is done and what is left; a new attempt goes on with it.</summary>
    private sealed class RollingState(RollingParts parts, IEnumerable<int> pending, Findings found, LakeMoment first)
    {
        public RollingParts Parts { get; } = parts;

        /// <summary>Keys that differ and were not repaired.</summary>
        public HashSet<string> Differing { get; } = new(StringComparer.Ordinal);

        public IReadOnlyList<KeptLetter> Letters { get; init; } = [];

        public LinkedList<int> Pending { get; } = new(pending);

        public Findings Found { get; } = found;

        /// <summary>Everything committed before it was seen by every read.</summary>
        public LakeMoment First { get; } = first;

        public LakeMoment Last { get; set; } = first;
    }

    private sealed record RollingWindow(LakeMoment Lake, DateTimeOffset ReadAt, IReadOnlyList<RangeSums> Sums)
    {
        public List<RangeSums> Different { get; } = [.. Sums.Where(s => !s.IsEqual)];
    }

    private async Task<ReconciliationResult> RollAsync(CancellationToken cancellationToken)
    {
        progress.Begin("connecting", null, false);
        await using var reader = await RollingReader.OpenAsync(services.Offload.Connector, request.Source, request.Sync, cancellationToken);
        await using var area = await services.Offload.Writer.OpenStagingAsync(cancellationToken);
        await using var comparison = new RollingComparison(area);
        // Keys are listed in the staging area, which lives as long as the attempt.
        var state = request.Scope is not null ? await BeginRollingAsync(reader, area, comparison, cancellationToken) : _rolling ??= await BeginRollingAsync(reader, area, comparison, cancellationToken);
        progress.Begin("comparing", request.Sample is null ? reader.Table.Rows : null, isEstimate: true);
        while (state.Pending.Count > 0)
        {
            var window = await ReadWindowAsync(reader, area, comparison, state.Parts, state.Pending, cancellationToken);
            if (window.Sums.Count == 0)
            {
                continue;
            }

            state.Last = window.Lake;
            if (window.Different.Count > 0)
            {
                await JudgeAsync(reader, area, comparison, state, window, cancellationToken);
                progress.Begin("comparing", request.Sample is null ? reader.Table.Rows : null, isEstimate: true);
            }

            state.Found.Ranges.AddRange(window.Sums.Select(s => new ComparedRange(s, window.Lake.Position)));
        }

        await SettleLettersAsync(comparison, state, cancellationToken);
        state.Found.Ranges.Sort((a, b) => a.Sums.Number.CompareTo(b.Sums.Number));
        return state.Found.Result(state.First.Position, isExact: true, state.Last with { Position = state.First.Position }, comparison.Table);
    }

    private async Task<RollingState> BeginRollingAsync(RollingReader reader, Engine.Writing.IStagingArea area, RollingComparison comparison, CancellationToken cancellationToken)
    {
        var (lake, rows) = await BindAsync(reader, comparison, cancellationToken);
        var table = comparison.Table;
        if (!table.HasKey || !table.Key[0].IsOrdered)
        {
            throw new ReconciliationNotPossibleException(request.Sync.Name, "the table has no key of which ranges could be made", "Use the method 'snapshot'.");
        }

        progress.Begin("choosing ranges", null, false);
        var found = new Findings(services.Options.MostDifferences);
        if (request.Scope is { } scope)
        {
            var (keys, letters) = await KeysAsync(scope, reader, area, comparison, cancellationToken);
            progress.Note(string.Create(CultureInfo.InvariantCulture, $"Comparing {scope.Text}, from {lake.Position} on."));
            return new RollingState(keys, Enumerable.Range(0, keys.Count), found, lake) { Letters = letters };
        }

        var most = (int)Math.Clamp(rows / services.Options.RollingChunkRows, 1, table.Key[0].Plan.IsText ? MostTextRanges : MostRanges);
        var ranges = await comparison.ChooseRangesAsync(rows, most, cancellationToken);
        var numbers = Enumerable.Range(0, ranges.Count);
        if (request.Sample is { } sample && sample < rows)
        {
            // By the run's id: another run draws another sample, the same one the same.
            var random = new Random(int.Parse(request.RunId.AsSpan(request.RunId.Length - 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            numbers = numbers.OrderBy(_ => random.Next()).Take((int)Math.Clamp((sample * ranges.Count / Math.Max(1, rows)) + 1, 1, ranges.Count)).Order();
        }

        progress.Note(string.Create(CultureInfo.InvariantCulture, $"Comparing {ranges.Count} key ranges one after another, from {lake.Position} on."));
        return new RollingState(new RangeParts(ranges), numbers, found, lake);
    }

    /// <summary>Binds the lake's newest snapshot and keeps it from expiring.</summary>
    private async Task<(LakeMoment Lake, long Rows)> BindAsync(RollingReader reader, RollingComparison comparison, CancellationToken cancellationToken)
    {
        var rolling = services.Rolling.Last(l => l.Serves(request.Sync));
        var lake = await rolling.NewestAsync(request.Sync, cancellationToken) ?? throw new NothingToReconcileException(request.Sync.Name, request.Sync.Refined.ToString());
        await services.Tags.RemoveAsync(request.Sync.Refined, _tags, cancellationToken);
        _tags.Clear();
        _tags.Add(await services.Tags.AddAsync(request.Sync.Refined, request.RunId, 0, lake.SnapshotId, cancellationToken));
        var refined = await services.Offload.Catalog.LoadAsync(request.Sync.Refined, cancellationToken);
        var scan = await refined.PlanScanAsync(new SnapshotSelector { SnapshotId = lake.SnapshotId }, null, cancellationToken);
        var table = Compared(reader.Table, scan.Schema);
        _plan = table.Plan;
        await comparison.BindAsync(table, request.Sync.Refined, lake.SnapshotId, cancellationToken);
        return (lake, scan.Tasks.Sum(t => t.File.RecordCount));
    }

    /// <summary>Reads the next ranges, waits until the lake has what they saw, and sums up both sides. A range that cannot be decided yet stays pending.</summary>
    private async Task<RollingWindow> ReadWindowAsync(
        RollingReader reader, Engine.Writing.IStagingArea area, RollingComparison comparison, RollingParts parts, LinkedList<int> pending, CancellationToken cancellationToken)
    {
        var rolling = services.Rolling.Last(l => l.Serves(request.Sync));
        var (lake, _) = await BindAsync(reader, comparison, cancellationToken);
        var table = comparison.Table;
        var horizon = await reader.HorizonAsync(cancellationToken);
        var (began, readAt) = (services.Offload.Clock.GetTimestamp(), services.Offload.Clock.GetUtcNow());
        var reads = new List<ChunkRead>();
        await using (var rows = await RollingRows.OpenAsync(area, table.Plan, cancellationToken))
        {
            foreach (var number in pending)
            {
                var read = await reader.ReadAsync(table, number, parts, rows, cancellationToken);
                progress.Add(read.Rows, read.Bytes);
                reads.Add(read);
                if (reads.Sum(r => r.Rows) >= services.Options.RollingWindowRows || reads.Sum(r => r.Bytes) >= WindowBytes || services.Offload.Clock.GetElapsedTime(began) >= WindowTime)
                {
                    break;
                }
            }
        }

        var end = (await reader.PositionAsync(cancellationToken)).ToString();
        await rolling.ReachAsync(request.Sync, end, services.Options.LongestWait, cancellationToken);
        reads = await DecidedAsync(rolling, area, reads, horizon, lake, cancellationToken);
        if (reads.Count == 0)
        {
            return new RollingWindow(lake, readAt, []);
        }

        var columns = await rolling.StageChangesAsync(request.Sync, area, comparison.Connection, lake.Position, end, RollingComparison.Changes, cancellationToken);
        if (table.LakeNames.Except(columns).ToList() is { Count: > 0 } renamed)
        {
            throw new SourceTableChangedException(request.Sync.SourceTable, $"{string.Join(", ", renamed)} got another name");
        }

        var sums = await comparison.SumAsync(parts, reads, cancellationToken);
        foreach (var read in reads)
        {
            _ = pending.Remove(read.Number);
        }

        return new RollingWindow(lake, readAt, sums);
    }

    /// <summary>
    /// A transaction can be in the log, and in the lake's rows, before anybody sees it: while its commit waits for a standby. Ranges that were read meanwhile
    /// are read again.
    /// </summary>
    private async Task<List<ChunkRead>> DecidedAsync(IRollingLake rolling, Engine.Writing.IStagingArea area, List<ChunkRead> reads, long horizon, LakeMoment lake, CancellationToken cancellationToken)
    {
        var undecided = reads.SelectMany(r => r.Seen.UndecidedBefore(horizon)).Select(SeenTransactions.Logged).ToHashSet();
        if (undecided.Count == 0)
        {
            return reads;
        }

        var committed = await rolling.CommittedBeforeAsync(request.Sync, area, lake.Position, undecided, cancellationToken);
        if (committed.Count == 0)
        {
            return reads;
        }

        var decided = reads.Where(r => !r.Seen.UndecidedBefore(horizon).Select(SeenTransactions.Logged).Intersect(committed).Any()).ToList();
        progress.Note(string.Create(CultureInfo.InvariantCulture,
            $"{reads.Count - decided.Count} ranges are read again: transaction {string.Join(", ", committed)} is in the log, but its commit still waits for a standby, and nobody sees it."), RunLogLevel.Warning);
        await Task.Delay(TimeSpan.FromMilliseconds(500), services.Offload.Clock, cancellationToken);
        return decided;
    }

    private async Task JudgeAsync(
        RollingReader reader, Engine.Writing.IStagingArea area, RollingComparison comparison, RollingState state, RollingWindow window, CancellationToken cancellationToken)
    {
        progress.Begin("finding differences", null, false);
        var found = state.Found;
        var counts = await comparison.FindAsync(window.Different, cancellationToken);
        progress.Note(string.Create(CultureInfo.InvariantCulture, $"{window.Different.Count} of {window.Sums.Count} ranges differ: {counts.Missing} rows are missing in the lake, {counts.Extra} are extra, {counts.Changed} changed."));
        if (counts.Keys == 0)
        {
            return;
        }

        var isRepairable = request.Repair && CanRepair(comparison.Table, found);
        await comparison.TakeRowsAsync(isRepairable ? null : services.Options.MostDifferences, found.Room, cancellationToken);
        var shown = await comparison.Rows.ShowAsync(found.Room, cancellationToken);
        found.TypeLoss += await comparison.Rows.CountLossesAsync(cancellationToken);
        found.Add(counts);
        if (!isRepairable)
        {
            found.Show(shown, _ => false);
            state.Differing.UnionWith(await comparison.KeyTextsAsync(null, cancellationToken));
            return;
        }

        progress.Begin("repairing", counts.Keys, false);
        var table = comparison.Table;
        await comparison.Rows.StageRepairAsync(Rows, Gone, cancellationToken);

        // Of a key, what the read has seen behind the position is in raw with positions of its own, and wins; what it has not seen wins as well.
        var landing = services.Landings.Last(l => l.Serves(request.Sync));
        var outcome = await landing.ApplyAsync(
            new RepairRows(request.Sync, request.RunId, area, comparison.Connection, table.LakePlan, table.Source, [.. table.Key.Select(k => k.Name)], Rows, Gone, window.Lake.Position, window.ReadAt, window.Lake),
            cancellationToken);
        var repaired = await RepairedAsync(outcome);
        progress.Begin("checking again", counts.Keys, false);
        await comparison.BeginAgainAsync(cancellationToken);
        var pending = new LinkedList<int>(window.Different.Select(d => d.Number));
        while (pending.Count > 0)
        {
            var again = await ReadWindowAsync(reader, area, comparison, state.Parts, pending, cancellationToken);
            if (again.Different.Count > 0)
            {
                await comparison.AddAgainAsync(again.Different, cancellationToken);
            }
        }

        var remaining = await comparison.RemainingAsync(cancellationToken);
        Count(found, counts, repaired, remaining);
        state.Differing.UnionWith(await comparison.KeyTextsAsync(remaining, cancellationToken));
        found.Show(shown, n => !remaining.Contains(n));
    }
}
