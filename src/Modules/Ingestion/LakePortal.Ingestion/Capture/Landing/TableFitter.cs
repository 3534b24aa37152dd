using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Offload.Landing;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources;

namespace LakePortal.Ingestion.Capture.Landing;

/// <summary>Makes the lake's tables of a captured table fit for what comes. A column that has another name has it in the lake from now on, old rows included.</summary>
internal sealed class TableFitter(ITableCatalog catalog, LakeTables lakeTables, CaptureStore store, ICaptureSteps steps)
{
    /// <summary>For changes of these shapes, of which the last one counts. Callers hold the table's gate.</summary>
    public async Task<Table> ForChangesAsync(CapturedTable table, IReadOnlyList<TableShape> shapes, CancellationToken cancellationToken)
    {
        var shape = shapes[^1];
        if (ReferenceEquals(table.LandedShape, shape) && table.Prepared is { } known && shapes.Take(shapes.Count - 1).All(s => s.FilledBehindTheLog.Count == 0))
        {
            return known;
        }

        if (table.State == CaptureStates.Streaming)
        {
            await CheckAsync(table, shape.Plan, shape.Source, cancellationToken);
        }

        await RenameAsync(table, shape.Plan, cancellationToken);
        var notes = LeftOutNow(table, shape);
        var prepared = await lakeTables.PrepareAsync(table.Sync, shape.Plan, shape.Source, shape.Key, rebuild: false, notes.Add, cancellationToken);
        await NoteAsync(table, notes, cancellationToken);

        // Columns that wait for a load are not counted as landed, and the table as being loaded, so that a process that ends before it knows of them.
        var landed = table.Landed ?? new LandedTable(shape.Source.Identity, null, null, []);
        var filled = shapes.SelectMany(s => s.FilledBehindTheLog).Where(f => !landed.Has(f.Number)).DistinctBy(f => f.Name).ToList();
        await SaveAsync(table, landed with { Columns = [.. LandedTable.Of(shape.Plan).Where(c => filled.All(f => f.Number != c.Number))] }, cancellationToken);
        if (filled.Count > 0)
        {
            _ = await store.ChangeTableAsync(table.Name, table.Sync.Source, r => r.State = r.State == CaptureStates.Streaming ? CaptureStates.Loading : r.State, cancellationToken);
            table.NeedsLoad = Filled(filled.Select(f => f.Name));
        }

        (table.LandedShape, table.Prepared) = (shape, prepared.Raw);
        return prepared.Raw;
    }

    /// <summary>For a load, which replaces every row of refined: columns may get any type.</summary>
    /// <param name="accepts">Somebody asked for the load: it takes over what has changed in the source, also what the sync's policy holds.</param>
    public async Task<PreparedTables> ForLoadAsync(
        CapturedTable table, TablePlan plan, SourceTable source, IReadOnlyList<string> key, string heaps, string definition, LogPosition at, IReadOnlyDictionary<string, string> text, bool accepts, Action<string> note, CancellationToken cancellationToken)
    {
        await table.Gate.WaitAsync(cancellationToken);
        try
        {
            if (!accepts)
            {
                await CheckAsync(table, plan, source, cancellationToken);
            }

            if (table.Landed?.Oid == source.Identity)
            {
                await RenameAsync(table, plan, cancellationToken);
            }

            var prepared = await lakeTables.PrepareAsync(table.Sync, plan, source, key, rebuild: true, note, cancellationToken);
            await SaveAsync(table, new LandedTable(source.Identity, heaps, definition, LandedTable.Of(plan)) { Versions = source.VersionsFrom(table.Landed, at, table.RawPosition) }, cancellationToken);
            (table.LandedShape, table.Prepared, table.LearnedText, table.IsShapeOutdated) = (null, null, new Dictionary<string, string>(text), true);
            return prepared;
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }

    /// <exception cref="TableSchemaHeldException">The sync does not follow what has changed.</exception>
    private async Task CheckAsync(CapturedTable table, TablePlan plan, SourceTable source, CancellationToken cancellationToken)
    {
        if (table.Sync.SchemaPolicy == SchemaPolicy.Evolve || table.Landed is not { Columns.Count: > 0 } landed)
        {
            return;
        }

        var changes = SchemaPolicy.Differences(landed, plan, source).Concat(await lakeTables.TypeChangesAsync(table.Sync, plan, cancellationToken)).ToList();
        if (changes.Count > 0)
        {
            throw new TableSchemaHeldException(table.Name, table.Sync.SourceTable, table.Sync.SchemaPolicy, changes);
        }
    }

    /// <summary>Said when a column comes, not again with every session.</summary>
    private static List<string> LeftOutNow(CapturedTable table, TableShape shape) => table.LandedShape is { } before
        ? [.. SchemaPolicy.LeftOut(table.Sync, table.Landed, shape.Source).Where(n => before.Source.Columns.All(c => c.Name != n)).Select(n => $"{table.Sync.SourceTable}: the new column {n} is left out (schema: {SchemaPolicy.Freeze}).")]
        : [];

    public async Task SaveAsync(CapturedTable table, LandedTable landed, CancellationToken cancellationToken)
    {
        var json = landed.ToJson();
        _ = await store.ChangeTableAsync(table.Name, table.Sync.Source, r => r.Relation = json, cancellationToken);
        table.Landed = landed;
    }

    public static string Filled(IEnumerable<string> columns) => $"Existing rows have values of {string.Join(", ", columns)} that are not in the log (a default, or a column made anew): the table is loaded again.";

    public async Task NoteAsync(CapturedTable table, IReadOnlyList<string> notes, CancellationToken cancellationToken)
    {
        foreach (var note in notes)
        {
            await store.AddEventAsync(table.Sync.Source, table.Name, "schema-change", note, table.RawPosition, cancellationToken);
        }
    }

    /// <summary>Ends renaming that a process which ended has begun: raw and refined have the same columns again. Callers hold the table's gate.</summary>
    public async Task FinishRenamesAsync(CapturedTable captured, CancellationToken cancellationToken)
    {
        if (captured.Landed is { } landed && landed.Columns.Any(c => c.Also is not null))
        {
            await RenameAsync(captured, [.. landed.Columns.Where(c => c.Also is not null).Select(c => (c, c.Also![^1]))], [], cancellationToken);
        }
    }

    private async Task RenameAsync(CapturedTable captured, TablePlan plan, CancellationToken cancellationToken)
    {
        if (captured.Landed is not { } before)
        {
            return;
        }

        var renames = before.Columns
            .Select(b => (Column: b, Now: plan.Columns.FirstOrDefault(c => c.Source.Number > 0 && c.Source.Number == b.Number)?.LakeName))
            .Where(r => r.Now is not null && r.Column.Names.Any(n => n != r.Now)).Select(r => (r.Column, Now: r.Now!)).ToList();
        if (renames.Count == 0)
        {
            return;
        }

        // Noted first: two tables are renamed one after the other, and the log may name the column yet otherwise when this is taken up again.
        await SaveAsync(captured, before with { Columns = [.. before.Columns.Select(c => renames.Any(r => r.Column == c) ? c with { Also = [.. (c.Also ?? []).Append(renames.First(r => r.Column == c).Now).Distinct()] } : c)] }, cancellationToken);
        await RenameAsync(captured, renames, [.. plan.Columns.Select(c => c.LakeName)], cancellationToken);
    }

    private async Task RenameAsync(CapturedTable captured, IReadOnlyList<(LandedColumn Column, string Now)> renames, IReadOnlyList<string> taken, CancellationToken cancellationToken)
    {
        foreach (var identifier in new[] { captured.Sync.Raw, captured.Sync.Refined })
        {
            if (await catalog.FindAsync(identifier, cancellationToken) is not { } table)
            {
                continue;
            }

            var renamed = renames
                .Select(r => (Name: r.Column.Names.FirstOrDefault(n => n != r.Now && table.Schema.Find(n) is not null && !taken.Contains(n)), r.Now))
                .Where(r => r.Name is not null && table.Schema.Find(r.Now) is null)
                .ToList();
            if (renamed.Count > 0)
            {
                _ = await table.UpdateSchemaAsync(u => renamed.ForEach(r => u.RenameColumn(r.Name!, r.Now)), cancellationToken);
                await NoteAsync(captured, [.. renamed.Select(r => $"{identifier}: column {r.Name} is now {r.Now}.")], cancellationToken);
                if (identifier == captured.Sync.Raw)
                {
                    await steps.ReachedAsync(CaptureStep.RawRenamed, captured.Name, cancellationToken);
                }
            }
        }
    }
}
