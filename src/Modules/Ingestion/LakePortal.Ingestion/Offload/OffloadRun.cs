using System.Security.Cryptography;
using System.Text;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg.Tables;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Store;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;

namespace LakePortal.Ingestion.Offload;

/// <summary>
/// One run of a batch sync: read all or what changed in one snapshot of the source, commit raw, bring refined to it. Attempts that break are
/// followed by others in the same run; a process that dies is followed by another run. Both find finished chunks where the table has a key.
/// </summary>
internal sealed partial class OffloadRun(OffloadServices services, OffloadRequest request, OffloadProgress progress, Action<SyncRunFacts> publish)
{
    private const int MostAttempts = 4;

    private readonly SnapshotNotes _notes = new(request.Sync.Name);
    private readonly Dictionary<string, string> _text = new(request.LearnedText, StringComparer.Ordinal);
    private readonly long _started = services.Clock.GetTimestamp();
    private readonly SourceSystem _system = services.Systems.For(request.Source);
    private readonly Lock _factsLock = new();
    private SyncRunFacts _facts = new(request.RunId, request.Sync.Name, request.Mode);

    public async Task<OffloadResult> RunAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await AttemptAsync(attempt, cancellationToken);
            }
            catch (ColumnWidenedException widened)
            {
                progress.Note($"Column {widened.Column} is loaded as text: {widened.Reason}. Reading starts over.", RunLogLevel.Warning);
                attempt--;
            }
            catch (LakePortalException e) when (!cancellationToken.IsCancellationRequested && e.IsTransient)
            {
                if (attempt == MostAttempts)
                {
                    throw new AttemptsExhaustedException(request.Sync.Name, attempt, e);
                }

                var wait = TimeSpan.FromSeconds(Math.Pow(3, attempt - 1));
                progress.Note($"Attempt {attempt} broke: {e.Message} Trying again in {wait.TotalSeconds:0} s.", RunLogLevel.Warning);
                await Task.Delay(wait, services.Clock, cancellationToken);
            }
        }
    }

    private async Task<OffloadResult> AttemptAsync(int attempt, CancellationToken cancellationToken)
    {
        progress.Begin("connecting", null, false);
        var joined = request.IsBootstrap ? await BeginJoiningAsync(cancellationToken) : null;
        await using var snapshot = await _system.TakeAsync(request.Source, joined is null ? services.Options.ExactPositionWait : services.Capture.LoadPositionWait, cancellationToken);
        if (joined is not null && !snapshot.IsExact)
        {
            throw await AskAsync(() => snapshot.WhyInexactAsync(cancellationToken));
        }

        var described = await DescribeAsync(snapshot, cancellationToken);
        var source = joined is null ? described : described.Continue(joined.Landed);
        var work = await PlanAsync(snapshot, source, joined, cancellationToken);
        await services.Syncs.DescribeAsync(request.Sync.Name, work.Plan, work.Key, cancellationToken);

        if (joined is null)
        {
            if (await FinishPendingAsync(work, cancellationToken) is { } pending && request.IsResume)
            {
                return pending;
            }
        }
        else if (await FindCommittedAsync(work, cancellationToken) is { } committed)
        {
            return await JoinAsync(work, joined, committed, 0, cancellationToken);
        }

        var opened = await OpenLoadAsync(work, cancellationToken);
        Publish(f => f with { Position = snapshot.Position, Attempt = Math.Max(attempt, opened.Load.Attempt), Chunks = [.. opened.Kept.Select(c => Info(c, "kept")), .. opened.Chunks.Select(c => Info(c, "waiting"))] });
        progress.Note($"Attempt {attempt}: snapshot at {(snapshot.IsExact ? "exactly " : "")}{snapshot.Position}, {opened.Chunks.Count} chunks to read, {opened.Kept.Count} kept from before"
            + (work.Since is { } since ? $"; only rows of transactions from {since} on." : "."));
        progress.Restart(opened.Kept.Sum(c => c.Rows), opened.Kept.Sum(c => c.Bytes));
        progress.Begin(work.IsFull ? "reading" : "reading changes", work.IsFull ? source.Rows : null, isEstimate: true);

        await using var area = await services.Writer.OpenStagingAsync(cancellationToken);
        var files = await ReadAsync(work, opened, area, cancellationToken);
        var size = new LoadSize(files.Sum(c => c.Rows), files.Sum(c => c.Bytes));
        progress.Begin("committing", size.Rows, false);
        var isResumed = files.Any(c => c.Attempt != opened.Load.Attempt);
        var isSeveral = isResumed || !snapshot.IsOneMoment;
        Publish(f => f with { Consistency = isSeveral ? SyncRunFacts.SeveralMoments : SyncRunFacts.OneMoment });
        var deleted = isResumed ? await DeletedAsync(work, opened, area, files, cancellationToken) : [];
        if (joined is not null)
        {
            var committed = await CommitJoinedAsync(work, joined, opened, area, files, deleted, isSeveral, cancellationToken);
            return await JoinAsync(work, joined, committed, services.Clock.GetElapsedTime(_started).TotalSeconds, cancellationToken);
        }

        var raw = await CommitRawAsync(work, opened, area, files, deleted, isSeveral, cancellationToken);
        var rawSeconds = services.Clock.GetElapsedTime(_started).TotalSeconds;
        return await CompleteAsync(work, raw, size, rawSeconds, cancellationToken);
    }

    private async Task<SourceTable> DescribeAsync(LoadSnapshot snapshot, CancellationToken cancellationToken)
    {
        var table = await AskAsync(() => snapshot.DescribeAsync(request.Sync.Schema, request.Sync.Table, cancellationToken))
            ?? throw new SourceTableMissingException(request.Source.Name, request.Sync.SourceTable);
        return table.CanRead
            ? table
            : throw new SourceRefusedException(request.Source.Name, "missing-privilege", $"'{request.Source.Username}' may not read {table.Display}.", _system.GrantHint(request.Source, table));
    }

    /// <summary>Asks the source; what it answers instead is said in an operator's words.</summary>
    private async Task<T> AskAsync<T>(Func<Task<T>> question)
    {
        try
        {
            return await question();
        }
        catch (Exception e) when (e is not LakePortalException && _system.Translate(e, request.Source, request.Sync.SourceTable) is { } translated)
        {
            throw translated;
        }
    }

    private async Task<OffloadWork> PlanAsync(LoadSnapshot snapshot, SourceTable source, CapturedTable? joined, CancellationToken cancellationToken)
    {
        var sync = request.Sync;
        var plan = TablePlan.For(source, ColumnChoices.Of(sync, LeftOut(source, joined), _text, request.HashKey));
        var sourceKey = sync.Key.Count > 0 ? sync.Key : source.Key;
        var missing = sync.Key.Append(sync.Cursor).FirstOrDefault(k => k is not null && source.Columns.All(c => c.Name != k));
        if (missing is not null)
        {
            throw new SourceTableChangedException(source.Display, $"it has no column '{missing}', which the sync names as key or cursor");
        }

        // A key of which a part is left out identifies nothing in the lake.
        var key = sourceKey.All(k => plan.Find(k) is not null) ? sourceKey.Select(k => plan.Find(k)!.LakeName).ToList() : [];
        var access = await AskAsync(() => snapshot.AccessAsync(source, cancellationToken));
        var tables = joined is null
            ? await services.Tables.PrepareAsync(sync, plan, source, key, request.IsRebuild, m => progress.Note(m), cancellationToken)
            : await FitJoinedAsync(snapshot, source, plan, key, joined, cancellationToken);
        var horizon = access.Horizon(PlanHash(plan));
        var since = request.WantsIncremental ? Since(source, key, access, tables, horizon) : null;
        return new OffloadWork(snapshot, source, plan, key, access, tables, since)
        {
            Horizon = horizon,
            IsOwnKey = sync.Key.Count > 0 && !sync.Key.ToHashSet().SetEquals(source.Key),
        };
    }

    /// <summary>From which transaction on rows are new; null: everything is to be read.</summary>
    private long? Since(SourceTable source, List<string> key, LoadAccess access, PreparedTables tables, Horizon now)
    {
        if (access.WhyNotIncremental is { } why)
        {
            throw new IncrementalNotPossibleException(source.Display, why);
        }

        if (key.Count == 0)
        {
            throw new IncrementalNotPossibleException(source.Display, source.WhyNoKey is { } whyNoKey
                ? $"{whyNoKey}: there is no key to merge changed rows by"
                : "it has no key to merge changed rows by");
        }

        return _notes.HorizonOf(_notes.Newest(tables.Raw)) is { } last ? access.Since(last, now, m => progress.Note(m, RunLogLevel.Warning)) : null;
    }

    private string PlanHash(TablePlan plan) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{plan.Fingerprint()}\n{(request.HashKey is { } k ? Convert.ToHexString(SHA256.HashData(k)) : "")}")));

    private string Fingerprint(OffloadWork work)
    {
        var text = string.Join('\n', PlanHash(work.Plan), string.Join(',', work.Key), work.Tables.Raw.Metadata.TableUuid, work.Tables.Raw.Metadata.CurrentSchemaId,
            work.Tables.Raw.Metadata.DefaultSpecId, work.Access.Identity);
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private void Publish(Func<SyncRunFacts, SyncRunFacts> change)
    {
        lock (_factsLock)
        {
            _facts = change(_facts);
            publish(_facts);
        }
    }

    private static ChunkInfo Info(ChunkRow c, string state) => new(c.Number, state, c.Range, c.Rows, c.Bytes, c.Position, c.Seconds);

    private static ChunkInfo Info(ReadChunk c, string state) => new(c.Number, state, c.Range, 0, 0, null, 0);
}

/// <summary>What an attempt has found out before it reads.</summary>
/// <param name="Since">Incremental: transaction from which on rows are new; null: a full load.</param>
internal sealed record OffloadWork(
    LoadSnapshot Snapshot, SourceTable Source, TablePlan Plan, IReadOnlyList<string> Key, LoadAccess Access, PreparedTables Tables, long? Since)
{
    public bool IsFull => Since is null;

    /// <summary>Until where the lake is when this load is committed.</summary>
    public required Horizon Horizon { get; init; }

    /// <summary>The key comes from the sync's author; no index of the source vouches for it.</summary>
    public bool IsOwnKey { get; init; }
}

/// <param name="Kept">Chunks of earlier attempts that are still good.</param>
/// <param name="Chunks">To be read now.</param>
internal sealed record OpenedLoad(LoadRow Load, IReadOnlyList<ChunkRow> Kept, IReadOnlyList<ReadChunk> Chunks);

/// <summary>A column has become text; the attempt has to start over with the new definition.</summary>
internal sealed class ColumnWidenedException(string column, string reason) : Exception(reason)
{
    public string Column { get; } = column;

    public string Reason { get; } = reason;
}
