using System.Collections.Concurrent;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Offload.Mapping;
using LakePortal.Ingestion.Sources.Postgres;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Offload.Landing;

/// <summary>The two tables of a sync, fit for its columns.</summary>
/// <param name="AbsentColumns">Columns of the lake that the source has no more: they stay, null in new rows. As the expressions of a SELECT.</param>
internal sealed record PreparedTables(Table Raw, Table Refined, IReadOnlyList<string> AbsentColumns);

/// <summary>Creates the tables of a sync and follows the source's definition: new columns are added, types promoted; anything else needs a rebuild.</summary>
internal sealed class LakeTables(ITableCatalog catalog)
{
    // A load and the changes that are captured meanwhile prepare the same tables.
    private readonly ConcurrentDictionary<TableIdentifier, SemaphoreSlim> _turns = new();

    private const string CompactProperty = "lakeportal.compact";

    private static readonly Dictionary<string, string> Properties = new(StringComparer.Ordinal)
    {
        ["lakeportal.owner"] = "ingestion",

        // Tables that follow changes get a metadata file with every commit.
        ["write.metadata.delete-after-commit.enabled"] = "true",
        ["write.metadata.previous-versions-max"] = "100",
    };

    /// <param name="rebuild">Columns whose type changed are replaced; only for loads that replace all rows.</param>
    public async Task<PreparedTables> PrepareAsync(
        SyncDefinition sync, TablePlan plan, SourceTable source, IReadOnlyList<string> key, bool rebuild, Action<string> note, CancellationToken cancellationToken)
    {
        var turn = _turns.GetOrAdd(sync.Raw, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await PrepareInTurnAsync(sync, plan, source, key, rebuild, note, cancellationToken);
        }
        finally
        {
            _ = turn.Release();
        }
    }

    /// <summary>Columns that would get another type.</summary>
    public async Task<IReadOnlyList<string>> TypeChangesAsync(SyncDefinition sync, TablePlan plan, CancellationToken cancellationToken) => await catalog.FindAsync(sync.Raw, cancellationToken) is { } raw
        ? [.. plan.Columns.Select(c => (Column: c, raw.Schema.Find(c.LakeName)?.Type)).Where(c => c.Type is not null && !SameType(c.Type, c.Column.Type))
            .Select(c => $"{c.Column.Source.Name} was {TypeNames.Display(c.Type!)} and is {c.Column.LakeType} ({c.Column.Source.DisplayType})")]
        : [];

    private async Task<PreparedTables> PrepareInTurnAsync(
        SyncDefinition sync, TablePlan plan, SourceTable source, IReadOnlyList<string> key, bool rebuild, Action<string> note, CancellationToken cancellationToken)
    {
        var partition = PartitionBy(sync, plan);
        var identifier = key.Where(k => CanIdentify(plan, k)).ToList();
        var raw = await SwitchAsync(sync, await PrepareAsync(new CreateTable(sync.Raw, plan.RawFields(), [], partition, Properties), source, rebuild, note, cancellationToken), cancellationToken);
        var refined = await SwitchAsync(sync, await PrepareAsync(
            new CreateTable(sync.Refined, plan.RefinedFields(identifier), identifier.Count == key.Count ? identifier : [], partition, Properties), source, rebuild, note, cancellationToken), cancellationToken);
        var absent = raw.Schema.Fields
            .Where(f => plan.Columns.All(c => c.LakeName != f.Name) && TablePlan.LogColumns.All(c => c.Name != f.Name))
            .Select(f => $"NULL::{DuckDbTypes.ToDuckDb(f.Type)} AS {PgSql.Quote(f.Name)}").ToList();
        return new PreparedTables(raw, refined, absent);
    }

    /// <summary>Whether the clock compacts a table is said in the table, where it is looked up.</summary>
    private static async Task<Table> SwitchAsync(SyncDefinition sync, Table table, CancellationToken cancellationToken) =>
        table.Metadata.Properties.GetValueOrDefault(CompactProperty) != "false" == sync.Compact
            ? table
            : await table.UpdatePropertiesAsync(new Dictionary<string, string?> { [CompactProperty] = sync.Compact ? null : "false" }, cancellationToken);

    /// <summary>partition_by names columns of the source.</summary>
    private static List<PartitionBy> PartitionBy(SyncDefinition sync, TablePlan plan) =>
        [.. sync.PartitionBy.Select(p => plan.Find(p.Column) is { } column
            ? p with { Column = column.LakeName }
            : throw new PartitionColumnMissingException(sync.SourceTable, p.Column))];

    /// <summary>Specification, "Identifier Field IDs": primitive, required, and no floating-point number.</summary>
    private static bool CanIdentify(TablePlan plan, string lakeName) =>
        plan.Columns.First(c => c.LakeName == lakeName).Type is PrimitiveType { Kind: not (PrimitiveKind.Float or PrimitiveKind.Double) };

    private async Task<Table> PrepareAsync(CreateTable wanted, SourceTable source, bool rebuild, Action<string> note, CancellationToken cancellationToken)
    {
        var table = await catalog.FindAsync(wanted.Identifier, cancellationToken);
        if (table is { IsReadOnly: true })
        {
            throw new TableReadOnlyException(wanted.Identifier);
        }

        if (table is { Metadata.Snapshots.Count: 0 } && !Fits(table, wanted))
        {
            // Nothing was ever loaded: the definition may change in any way.
            _ = await catalog.DropAsync(wanted.Identifier, purge: true, cancellationToken);
            table = null;
        }

        return table is null ? await catalog.CreateAsync(wanted, cancellationToken) : await EvolveAsync(table, wanted, source, rebuild, note, cancellationToken);
    }

    private static bool Fits(Table table, CreateTable wanted) =>
        table.Schema.Fields.Count == wanted.Fields.Count
        && table.Schema.Fields.Zip(wanted.Fields).All(p => p.First.Name == p.Second.Name && p.First.Required == p.Second.Required && SameType(p.First.Type, p.Second.Type))
        && SamePartitioning(table, wanted);

    private static bool SamePartitioning(Table table, CreateTable wanted) =>
        table.Metadata.DefaultSpec.Fields.Count == wanted.PartitionBy.Count
        && table.Metadata.DefaultSpec.Fields.Zip(wanted.PartitionBy).All(p => p.First.Transform == p.Second.Transform && table.Schema.FindById(p.First.SourceId)?.Name == p.Second.Column);

    private static async Task<Table> EvolveAsync(Table table, CreateTable wanted, SourceTable source, bool rebuild, Action<string> note, CancellationToken cancellationToken)
    {
        var changes = new List<Action<ISchemaUpdate>>();
        foreach (var field in wanted.Fields)
        {
            var existing = table.Schema.Find(field.Name)
                ?? table.Schema.Fields.FirstOrDefault(f => f.Name.Equals(field.Name, StringComparison.OrdinalIgnoreCase) && wanted.Fields.All(w => w.Name != f.Name));
            Follow(existing, field, table, source, rebuild, note, changes);
        }

        foreach (var gone in table.Schema.Fields.Where(f => f.Required && wanted.Fields.All(w => w.Name != f.Name || !w.Required)))
        {
            changes.Insert(0, u => u.SetIdentifierFields([]));
            changes.Add(u => u.MakeOptional(gone.Name));
        }

        if (!SamePartitioning(table, wanted))
        {
            note($"{table.Identifier} keeps the partitioning that it was created with; drop the table to have partition_by take effect.");
        }

        return changes.Count == 0 ? table : await table.UpdateSchemaAsync(u => changes.ForEach(c => c(u)), cancellationToken);
    }

    private static void Follow(NestedField? existing, NestedField wanted, Table table, SourceTable source, bool rebuild, Action<string> note, List<Action<ISchemaUpdate>> changes)
    {
        if (existing is null)
        {
            note($"{table.Identifier}: new column {wanted.Name} {TypeNames.Display(wanted.Type)}.");
            changes.Add(u => u.AddColumn(null, wanted.Name, wanted.Type, wanted.Doc));
            return;
        }

        if (existing.Name != wanted.Name)
        {
            note($"{table.Identifier}: column {existing.Name} is now {wanted.Name}.");
            changes.Add(u => u.RenameColumn(existing.Name, wanted.Name));
        }

        if (SameType(existing.Type, wanted.Type))
        {
            return;
        }

        if (existing.Type is PrimitiveType from && wanted.Type is PrimitiveType to && CanPromote(from, to))
        {
            note($"{table.Identifier}: column {wanted.Name} grows from {TypeNames.Display(from)} to {TypeNames.Display(to)}.");
            changes.Add(u => u.PromoteColumn(wanted.Name, to));
        }
        else if (rebuild)
        {
            note($"{table.Identifier}: column {wanted.Name} is rebuilt as {TypeNames.Display(wanted.Type)} instead of {TypeNames.Display(existing.Type)}.");
            changes.Insert(0, u => u.SetIdentifierFields([]));
            changes.Add(u => u.DropColumn(wanted.Name).AddColumn(null, wanted.Name, wanted.Type, wanted.Doc));
        }
        else
        {
            throw new ColumnTypeChangedException(source.Display, wanted.Name, TypeNames.Display(existing.Type), TypeNames.Display(wanted.Type), $"the source declares it {wanted.Doc}");
        }
    }

    private static bool CanPromote(PrimitiveType from, PrimitiveType to) => (from.Kind, to.Kind) switch
    {
        (PrimitiveKind.Int, PrimitiveKind.Long) or (PrimitiveKind.Float, PrimitiveKind.Double) => true,
        (PrimitiveKind.Decimal, PrimitiveKind.Decimal) => from.Scale == to.Scale && to.Precision > from.Precision,
        _ => false,
    };

    private static bool SameType(IcebergType left, IcebergType right) => TypeNames.Display(left) == TypeNames.Display(right);
}
