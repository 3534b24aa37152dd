using System.Globalization;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>
/// Finds out how the wanted columns lie in each data file. Columns are matched by field id, and DuckDB does that by itself; a file must be
/// looked into only when it may have no ids, when a partition value may stand in for a missing column, or when a name inside of a nested column
/// has changed (inside, DuckDB matches by name).
/// </summary>
internal sealed class FileLayouts(FileSchemaReader reader)
{
    public async Task<IReadOnlyList<FileGroup>> GroupAsync(TableScan scan, LocalFiles files, CancellationToken cancellationToken)
    {
        var changed = ChangedNestedColumns(scan);
        var inspect = scan.Plan.Tasks.Where(t => NeedsSchema(scan, t, changed)).Select(t => files.PathOf(t.File.Path)).ToList();
        var schemas = inspect.Count == 0
            ? new Dictionary<string, FileSchema>()
            : await reader.ReadAsync(inspect, cancellationToken).ConfigureAwait(false);
        return FileGroup.Of(scan.Plan.Tasks.Select(task =>
        {
            RequireParquet(scan, task);
            return (task, schemas.TryGetValue(files.PathOf(task.File.Path), out var schema) ? LayoutOf(scan, task, schema, changed) : FileLayout.Plain);
        }));
    }

    private static FileLayout LayoutOf(TableScan scan, FileScanTask task, FileSchema schema, List<NestedField> changed)
    {
        var fields = new FieldMatch(schema, scan.Plan.NameMapping);
        var names = schema.HasIds ? null : fields.TopLevelNames();
        var constants = PartitionFields(scan, task)
            .Where(f => fields.Find(schema.Fields, f.Field.Id) is null)
            .ToDictionary(f => f.Field.Id, f => SqlQuote.Value(f.Value, f.Field.Type));
        var reshaped = new Dictionary<int, ReshapedColumn>();
        foreach (var column in changed.Concat(schema.HasIds ? [] : scan.ReadColumns.Select(c => c.Field).Where(f => f.Type is not PrimitiveType)).DistinctBy(f => f.Id))
        {
            if (fields.Find(schema.Fields, column.Id) is { } field)
            {
                reshaped[column.Id] = new Reshape(fields).Column(column.Type, field);
            }
        }

        return names is null && constants.Count == 0 && reshaped.Count == 0
            ? FileLayout.Plain
            : new FileLayout(Signature(names, constants, reshaped), names, constants, reshaped);
    }

    private static string Signature(
        IReadOnlyDictionary<int, string>? names, Dictionary<int, string> constants, Dictionary<int, ReshapedColumn> reshaped) => string.Join('\u0002', (names ?? new Dictionary<int, string>()).OrderBy(n => n.Key).Select(n => $"{n.Key}={n.Value}")
            .Append(names is null ? "ids" : "names")
            .Concat(constants.OrderBy(c => c.Key).Select(c => $"{c.Key}:{c.Value}"))
            .Concat(reshaped.OrderBy(r => r.Key).Select(r => $"{r.Key}~{r.Value.FileType}~{r.Value.Expression}")));

    private static bool NeedsSchema(TableScan scan, FileScanTask task, List<NestedField> changed) =>
        scan.Plan.NameMapping is not null || changed.Count > 0 || PartitionFields(scan, task).Any(f => !HasMetrics(task.File, f.Field.Id));

    /// <summary>Metrics of a column prove that the file has it.</summary>
    private static bool HasMetrics(ContentFile file, int id) =>
        file.ColumnSizes?.ContainsKey(id) == true || file.ValueCounts?.ContainsKey(id) == true || file.LowerBounds?.ContainsKey(id) == true;

    /// <summary>Columns wanted, or looked at by equality deletes, whose value is the file's partition value.</summary>
    private static IEnumerable<(NestedField Field, object? Value)> PartitionFields(TableScan scan, FileScanTask task)
    {
        if (!scan.Plan.Specs.TryGetValue(task.File.SpecId, out var spec))
        {
            yield break;
        }

        var wanted = scan.ReadColumns.Select(c => c.Field.Id).Concat(task.Deletes.SelectMany(d => d.EqualityIds ?? [])).ToHashSet();
        for (var i = 0; i < spec.Fields.Count && i < task.File.Partition.Count; i++)
        {
            var field = spec.Fields[i];
            if (field.Transform.Name == "identity" && wanted.Contains(field.SourceId) && scan.FindField(field.SourceId) is { } column)
            {
                yield return (column, task.File.Partition[i]);
            }
        }
    }

    /// <summary>Nested columns wanted of which, at any time, an inner field had another name than now, or an inner name meant another field.</summary>
    private static List<NestedField> ChangedNestedColumns(TableScan scan)
    {
        var nested = scan.ReadColumns.Select(c => c.Field).Where(f => f.Type is not PrimitiveType).ToList();
        if (nested.Count == 0)
        {
            return nested;
        }

        return [.. nested.Where(f => scan.Table.Metadata.Schemas.Select(s => s.FindById(f.Id)).Any(old => old is not null && Differs(old.Type, f.Type)))];
    }

    private static bool Differs(IcebergType then, IcebergType now) => Paths(then, "").Any(old =>
        Paths(now, "").Any(current => (old.Id == current.Id) != string.Equals(old.Path, current.Path, StringComparison.Ordinal)
            && (old.Id == current.Id || string.Equals(old.Path, current.Path, StringComparison.Ordinal))));

    private static IEnumerable<(int Id, string Path)> Paths(IcebergType type, string prefix) => SchemaFields.Children(type)
        .SelectMany(f => Paths(f.Type, $"{prefix}/{f.Name.ToUpperInvariant()}").Prepend((f.Id, $"{prefix}/{f.Name.ToUpperInvariant()}")));

    private static void RequireParquet(TableScan scan, FileScanTask task)
    {
        var format = task.Deletes.Where(d => !DeleteKinds.IsVector(d)).Append(task.File)
            .Select(f => f.Format).FirstOrDefault(f => !string.Equals(f, "PARQUET", StringComparison.OrdinalIgnoreCase));
        if (format is not null)
        {
            throw new TableUnreadableException(
                scan.Table.Identifier,
                string.Create(CultureInfo.InvariantCulture, $"The table '{scan.Table.Identifier}' has data files in the format {format.ToUpperInvariant()}; only Parquet can be read."),
                "Let the engine that wrote the table rewrite it as Parquet.");
        }
    }
}
