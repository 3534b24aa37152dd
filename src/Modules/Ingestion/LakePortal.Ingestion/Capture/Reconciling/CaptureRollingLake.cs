using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Scans;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Reconciliation;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Capture.Reconciling;

/// <summary>A table that follows its changes, for rolling comparisons.</summary>
internal sealed class CaptureRollingLake(CaptureRegistry registry, ITableCatalog catalog) : IRollingLake
{
    public bool Serves(SyncDefinition sync) => CaptureService.Follows(sync.Mode);

    public async Task<LakeMoment?> NewestAsync(SyncDefinition sync, CancellationToken cancellationToken)
    {
        var (_, table) = Followed.Find(registry, sync);
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            // Between the two commits of a batch, and while a load is joined, refined is not what its summary says together with raw.
            Followed.Check(table);
            var refined = await catalog.FindAsync(sync.Refined, cancellationToken);
            return refined?.Metadata.CurrentSnapshotId is { } snapshot && table.Notes.Captured(refined) is { } position ? new LakeMoment(snapshot, position.ToString()) : null;
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    public Task ReachAsync(SyncDefinition sync, string position, TimeSpan longest, CancellationToken cancellationToken) => Followed.ReachAsync(registry, sync, position, longest, cancellationToken);

    public async Task<IReadOnlyList<string>> StageChangesAsync(
        SyncDefinition sync, IStagingArea area, DuckDBConnection connection, string from, string to, string into, CancellationToken cancellationToken)
    {
        // What is not followed any more may be loaded anew, and then raw does not hold all changes.
        Followed.Check(Followed.Find(registry, sync).Table);
        var raw = await catalog.LoadAsync(sync.Raw, cancellationToken);
        var (first, last) = (LogPosition.Parse(from).Sortable, LogPosition.Parse(to).Sortable);
        var position = Field(raw, "_position");
        await area.CopyTableAsync(connection, sync.Raw,
            new Predicate.And(new Predicate.Compare(position, CompareOp.GreaterOrEqual, first), new Predicate.Compare(position, CompareOp.Less, last)),
            $"\"_position\" >= '{first}' AND \"_position\" < '{last}' AND \"_load_type\" = 'CDC'", into, cancellationToken);
        return [.. raw.Schema.Fields.Select(f => f.Name)];
    }

    public async Task<IReadOnlyList<long>> CommittedBeforeAsync(SyncDefinition sync, IStagingArea area, string position, IReadOnlyCollection<long> transactions, CancellationToken cancellationToken)
    {
        var raw = await catalog.LoadAsync(sync.Raw, cancellationToken);
        var before = LogPosition.Parse(position).Sortable;
        await using var connection = area.OpenConnection();
        const string Rows = "rolling_undecided";
        var numbers = string.Join(", ", transactions.Select(t => t.ToString(CultureInfo.InvariantCulture)));
        await area.CopyTableAsync(connection, sync.Raw,
            new Predicate.And(new Predicate.In(Field(raw, "_txid"), [.. transactions.Select(t => (object)t)]), new Predicate.Compare(Field(raw, "_position"), CompareOp.Less, before)),
            $"\"_txid\" IN ({numbers}) AND \"_position\" < '{before}' AND \"_load_type\" = 'CDC'", Rows, cancellationToken);
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT DISTINCT \"_txid\" FROM {Rows}";
        using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetInt64(0));
        }

        return found;
    }

    private static int Field(Table raw, string name) => (raw.Schema.Find(name) ?? throw new InvalidOperationException($"{raw.Identifier} has no {name}.")).Id;
}

/// <summary>Tables whose refined table follows their changes.</summary>
internal static class Followed
{
    /// <exception cref="CaptureHeldException">It is not captured.</exception>
    public static (CaptureTables Tables, CapturedTable Table) Find(CaptureRegistry registry, SyncDefinition sync) =>
        registry.Find(sync.Name) ?? throw new CaptureHeldException(sync.Name, $"The changes of '{sync.Name}' are not being followed at the moment.", "Resume it, and see that its source's capture runs.");

    /// <exception cref="CaptureHeldException">It is paused, held, or being loaded.</exception>
    public static void Check(CapturedTable table)
    {
        if (!table.IsFollowed)
        {
            throw new CaptureHeldException(table.Name, $"'{table.Name}' is {(table.IsPaused ? "paused" : table.State)}: refined does not stand for a position of the source.", "Wait for its load, or resume it.");
        }
    }

    /// <summary>Waits until everything before the position is in the lake.</summary>
    public static async Task ReachAsync(CaptureRegistry registry, SyncDefinition sync, string position, TimeSpan longest, CancellationToken cancellationToken)
    {
        var (tables, table) = Find(registry, sync);
        Check(table);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(longest);
        try
        {
            await tables.WhenReached(LogPosition.Parse(position), limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SourceUnavailableException(sync.Source, $"The lake did not reach {position} within {longest.TotalSeconds:0} s.", "The capture is behind or broken: its source's page says how far it is.");
        }
    }
}
