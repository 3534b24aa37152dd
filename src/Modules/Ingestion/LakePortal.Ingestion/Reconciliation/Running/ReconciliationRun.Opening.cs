using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Reconciliation.Comparison;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Sources.Postgres;

namespace LakePortal.Ingestion.Reconciliation.Running;

/// <summary>Taking both sides' moments.</summary>
internal sealed partial class ReconciliationRun
{
    private async Task<OpenMoment> OpenAsync(CancellationToken cancellationToken)
    {
        var offload = services.Offload;
        var barrier = services.Barriers.Last(b => b.Serves(request.Sync));
        var isBatch = barrier is BatchLakeBarrier;
        var snapshot = await SourceSnapshot.TakeAsync(offload.Connector, request.Source, isBatch ? offload.Options.ExactPositionWait : services.Options.LongestWait, cancellationToken);
        try
        {
            var (takenAt, readAt) = (offload.Clock.GetTimestamp(), offload.Clock.GetUtcNow());
            if (!isBatch && !snapshot.IsExact)
            {
                throw new SourceUnavailableException(request.Source.Name, $"{request.Source.Address} gave no snapshot with an exact position within {services.Options.LongestWait.TotalSeconds:0} s.",
                    "A long transaction is going on, or no replication slot is free: look at pg_stat_activity and max_replication_slots.");
            }

            var source = await DescribeAsync(snapshot, cancellationToken);
            progress.Begin("waiting for the lake", null, false);
            var lake = await barrier.ReachAsync(request.Sync, snapshot.Position, services.Options.LongestWait, cancellationToken)
                ?? throw new NothingToReconcileException(request.Sync.Name, request.Sync.Refined.ToString());
            if (lake.Branch is { } branch)
            {
                _tags.Add(branch);
            }

            _tags.Add(await services.Tags.AddAsync(request.Sync.Refined, request.RunId, _tags.Count, lake.SnapshotId, cancellationToken));
            progress.Note(string.Create(CultureInfo.InvariantCulture, $"Source at {(snapshot.IsExact ? "exactly " : "about ")}{snapshot.Position}, lake at {lake.Position} (snapshot {lake.SnapshotId})."));
            return await CompareWithAsync(snapshot, source, lake, takenAt, readAt, cancellationToken);
        }
        catch
        {
            await snapshot.DisposeAsync();
            throw;
        }
    }

    private async Task<OpenMoment> CompareWithAsync(SourceSnapshot snapshot, PgTable source, LakeMoment lake, long takenAt, DateTimeOffset readAt, CancellationToken cancellationToken)
    {
        var refined = await services.Offload.Catalog.LoadAsync(request.Sync.Refined, cancellationToken);
        var scan = await refined.PlanScanAsync(new SnapshotSelector { SnapshotId = lake.SnapshotId }, null, cancellationToken);
        var heaps = await PgCatalog.ReadHeapsAsync(snapshot.Connection, source.Oid, cancellationToken);
        if (heaps.FirstOrDefault(h => h.IsRewritten) is { } rewritten)
        {
            throw new SourceTableChangedException(source.Display, $"{rewritten.Schema}.{rewritten.Name} was truncated or rewritten just now");
        }

        var table = Compared(source, scan.Schema);
        _plan = table.Plan;
        var access = ReadAccess.For(source, heaps, snapshot.Connection.PostgreSqlVersion.Major);
        var options = services.Offload.Options;
        var sizes = new ChunkSizes(Math.Max(1, request.Source.Parallelism), options.SmallestChunkBytes, options.LargestChunkBytes);
        var area = await services.Offload.Writer.OpenStagingAsync(cancellationToken);
        var comparison = new TableComparison(table, area, snapshot, access, sizes, progress);
        try
        {
            await comparison.BindAsync(request.Sync.Refined, lake.SnapshotId, cancellationToken);
            return new OpenMoment(snapshot, source, lake, scan.Tasks.Sum(t => t.File.RecordCount), area, comparison, takenAt, readAt);
        }
        catch
        {
            await comparison.DisposeAsync();
            await area.DisposeAsync();
            throw;
        }
    }

    private ComparedTable Compared(PgTable source, Iceberg.Schemas.Schema lake)
    {
        var sync = request.Sync;

        // What is text in the lake is compared as text; whether a value or the configuration made it so does not matter here.
        var choices = new ColumnChoices(sync.Exclude.Concat(LeftOut(source, lake)).ToHashSet(StringComparer.Ordinal), sync.Hash.ToHashSet(StringComparer.Ordinal), ColumnChoices.None.Text) { HashKey = request.HashKey };
        var typed = TablePlan.For(source, choices);
        var lakePlan = TablePlan.For(source, ComparedTable.Choices(choices, typed, lake, ColumnChoices.None.Text));
        var plan = TablePlan.For(source, ComparedTable.Choices(choices, typed, lake, _retold));
        var sourceKey = sync.Key.Count > 0 ? sync.Key : source.Key;
        var key = sourceKey.All(k => plan.Find(k) is not null) ? sourceKey.Select(k => plan.Find(k)!.LakeName).ToList() : [];
        return ComparedTable.Of(source, plan, lakePlan, lake, key, _retold);
    }

    /// <summary>Columns that the sync does not take over are no difference.</summary>
    private IEnumerable<string> LeftOut(PgTable source, Iceberg.Schemas.Schema lake) => request.Sync.SchemaPolicy == SchemaPolicy.Freeze
        ? TablePlan.For(source, ColumnChoices.None).Columns.Where(c => lake.Find(c.LakeName) is null).Select(c => c.Source.Name)
        : [];

    private async Task<PgTable> DescribeAsync(SourceSnapshot snapshot, CancellationToken cancellationToken)
    {
        var table = await PgCatalog.ReadOneAsync(snapshot.Connection, request.Sync.Schema, request.Sync.Table, cancellationToken)
            ?? throw new SourceTableMissingException(request.Source.Name, request.Sync.SourceTable);
        if (!table.CanRead)
        {
            throw new SourceRefusedException(request.Source.Name, "missing-privilege",
                $"'{request.Source.Username}' may not read {table.Display}.", $"GRANT USAGE ON SCHEMA {PgSql.Quote(table.Schema)} TO \"{request.Source.Username}\"; GRANT SELECT ON {table.Sql} TO \"{request.Source.Username}\";");
        }

        await PgCatalog.LockAsync(snapshot.Connection, table, cancellationToken);
        snapshot.ReaderLock = PgCatalog.LockSql(table) is { } sql ? $"{sql} NOWAIT" : null;
        return table;
    }
}
