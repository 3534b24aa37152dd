using System.Globalization;
using System.Text;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Engine.Queries.Running;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Queries.Binding;

/// <summary>
/// Writes the scan of one table as a parenthesised SELECT: the live files, minus deletes, below the row filter, below the masks, with nothing
/// but the columns that were authorised.
/// </summary>
/// <param name="scan">What to read.</param>
/// <param name="files">Where the files of the table lie on this machine.</param>
/// <param name="vectorTable">Name of the connection's table of deleted positions (<c>f</c>, <c>pos</c>).</param>
/// <param name="emptyFile">Company for a lone large file.</param>
internal sealed class ScanSql(TableScan scan, LocalFiles files, string vectorTable, EmptyFile emptyFile)
{
    // More rows than the row groups of most writers have: below, there is nothing to share between threads.
    private const long WorthSharing = 122_880;

    // DuckDB's virtual columns, by which deletes are matched, give way to real columns of the same name.
    private static readonly HashSet<string> VirtualColumns = new(StringComparer.OrdinalIgnoreCase) { "filename", "file_row_number", "file_index" };

    private readonly Dictionary<int, string> _names =
        scan.ReadColumns.Where(c => !VirtualColumns.Contains(c.Name)).ToDictionary(c => c.Field.Id, c => c.Name);

    public string Write(IReadOnlyList<FileGroup> groups)
    {
        var rows = groups.Count == 0 ? NoRows() : string.Join(" UNION ALL ", groups.Select(Group));
        if (scan.Policy is not { } policy)
        {
            return $"({rows})";
        }

        return Restricted(rows, policy);
    }

    /// <summary>
    /// Rows below filter and masks. What the query does with them must not happen before: an error of a condition that DuckDB moves below the row
    /// filter, or works out from the statistics of hidden values, would tell of them. Conditions do not pass a LIMIT, and the statistics of a column end at TRY.
    /// </summary>
    private string Restricted(string rows, ScanPolicy policy)
    {
        var columns = scan.Columns.Select(c => policy.Masks.TryGetValue(c.Name, out var mask)
            ? $"{mask} AS {SqlQuote.Name(c.Name)}"
            : SqlQuote.Name(c.Name));
        var where = policy.RowFilter is null ? "" : $" WHERE ({policy.RowFilter}) LIMIT {long.MaxValue.ToString(CultureInfo.InvariantCulture)}";
        var shown = scan.Columns.Select(c => policy.RowFilter is not null || policy.Masks.ContainsKey(c.Name)
            ? $"TRY({SqlQuote.Name(c.Name)}) AS {SqlQuote.Name(c.Name)}"
            : SqlQuote.Name(c.Name));
        return $"(SELECT {OrOne(shown)} FROM (SELECT {OrOne(columns)} FROM ({rows}) AS t{where}) AS r)";
    }

    /// <summary>Below a row filter the absence of files must not be seen either, as it would be when DuckDB drops a condition that nothing can reach.</summary>
    private string NoRows() =>
        $"SELECT {OrOne(scan.ReadColumns.Select(c => $"CAST(NULL AS {ScanTypes.Sql(c.Field.Type)}) AS {SqlQuote.Name(c.Name)}"))} WHERE {(scan.Policy is null ? "false" : "random() > 2")}";

    private string Group(FileGroup group)
    {
        var sql = new StringBuilder("SELECT ");
        sql.Append(OrOne(scan.ReadColumns.Select(c => Output(c, group.Layout))));
        var rows = group.Tasks.Sum(t => t.File.RecordCount);
        var paths = group.Tasks.Select(t => files.PathOf(t.File.Path));
        sql.Append(" FROM read_parquet(").Append(SqlQuote.List(group.Tasks.Count == 1 && rows > WorthSharing ? paths.Append(emptyFile.Path) : paths));
        sql.Append(", schema = ").Append(Schema(group));

        // With a schema of ours DuckDB takes a file for empty until it is opened, and orders joins by that.
        if (rows > 0)
        {
            sql.Append(", explicit_cardinality = ").Append(rows.ToString(CultureInfo.InvariantCulture));
        }

        sql.Append(") AS d");
        if (group.HasPositionDeletes)
        {
            sql.Append(" ANTI JOIN ").Append(PositionDeletes(group)).Append(" AS p ON d.filename = p.f AND d.file_row_number = p.pos");
        }

        if (group.HasDeletionVectors)
        {
            sql.Append(" ANTI JOIN ").Append(vectorTable).Append(" AS v ON d.filename = v.f AND d.file_row_number = v.pos");
        }

        var n = 0;
        foreach (var deletes in group.EqualityDeletes)
        {
            sql.Append(EqualityDeletes([.. deletes], group.Layout, FormattableString.Invariant($"e{n++}")));
        }

        return sql.ToString();
    }

    private string Output(ExposedColumn column, FileLayout layout)
    {
        var name = SqlQuote.Name(column.Name);
        if (layout.ConstantsById.TryGetValue(column.Field.Id, out var constant))
        {
            return $"{constant} AS {name}";
        }

        return layout.ExpressionsById.TryGetValue(column.Field.Id, out var reshaped)
            ? string.Format(CultureInfo.InvariantCulture, reshaped.Expression, $"d.{FieldName(column.Field.Id)}") + $" AS {name}"
            : $"d.{FieldName(column.Field.Id)} AS {name}";
    }

    /// <summary>The name of a file's column inside of the scan. A dropped column, read for old deletes, may share its name with a newer one.</summary>
    private string FieldName(int id) => SqlQuote.Name(FieldText(id));

    private string FieldText(int id) => _names.GetValueOrDefault(id) ?? FormattableString.Invariant($"\u0001{id}");

    private string Schema(FileGroup group)
    {
        var fields = scan.ReadColumns.Select(c => c.Field)
            .Concat(group.EqualityDeletes.SelectMany(d => d.First().EqualityIds ?? []).Select(EqualityField))
            .Where(f => !group.Layout.ConstantsById.ContainsKey(f.Id))
            .DistinctBy(f => f.Id)
            .ToList();
        if (fields.Count == 0)
        {
            // Counting rows takes a column, too: the first simple one.
            fields.Add(scan.AllColumns.Select(c => c.Field).FirstOrDefault(f => f.Type is PrimitiveType) ?? scan.AllColumns[0].Field);
        }

        return "MAP {" + string.Join(", ", fields.Select(f => SchemaEntry(f, group.Layout))) + "}";
    }

    private string SchemaEntry(NestedField field, FileLayout layout)
    {
        // A column that the file's names do not have must still get a key; no file has a column of this name.
        var key = layout.NamesById is null
            ? field.Id.ToString(CultureInfo.InvariantCulture)
            : SqlQuote.Text(layout.NamesById.GetValueOrDefault(field.Id) ?? FormattableString.Invariant($"\u0001{field.Id}"));
        var type = layout.ExpressionsById.TryGetValue(field.Id, out var reshaped) ? reshaped.FileType : ScanTypes.Sql(field.Type);
        var initial = field.InitialDefault is { } value ? SqlQuote.Text(SqlQuote.ValueText(value, field.Type)) : "NULL::VARCHAR";
        return $"{key}: {{'name': {SqlQuote.Text(FieldText(field.Id))}, 'type': {SqlQuote.Text(type)}, 'default_value': {initial}}}";
    }

    private string PositionDeletes(FileGroup group)
    {
        // A delete file speaks of data files by the path written in the manifest, and only those count to whose scope it belongs.
        var pairs = group.Tasks
            .SelectMany(t => t.Deletes.Where(DeleteKinds.IsPosition).Select(d => (Data: t.File.Path, Delete: files.PathOf(d.Path))))
            .Distinct()
            .ToList();
        var values = string.Join(", ", pairs.Select(p => $"({SqlQuote.Text(p.Data)}, {SqlQuote.Text(p.Delete)}, {SqlQuote.Text(files.PathOf(p.Data))})"));
        var paths = SqlQuote.List(pairs.Select(p => p.Delete).Distinct(StringComparer.Ordinal));
        return $"(SELECT m.f, x.pos FROM read_parquet({paths}) AS x JOIN (VALUES {values}) AS m(path, del, f) ON x.file_path = m.path AND x.filename = m.del)";
    }

    private string EqualityDeletes(IReadOnlyList<ContentFile> deletes, FileLayout layout, string alias)
    {
        var fields = (deletes[0].EqualityIds ?? []).Select(EqualityField).ToList();
        var schema = "MAP {" + string.Join(", ", fields.Select(f => SchemaEntry(f, FileLayout.Plain))) + "}";
        var names = string.Join(", ", fields.Select(f => FieldName(f.Id)));
        var on = string.Join(" AND ", fields.Select(f => $"{layout.ConstantsById.GetValueOrDefault(f.Id) ?? $"d.{FieldName(f.Id)}"} IS NOT DISTINCT FROM {alias}.{FieldName(f.Id)}"));
        var paths = SqlQuote.List(deletes.Select(d => files.PathOf(d.Path)));
        return $" ANTI JOIN (SELECT DISTINCT {names} FROM read_parquet({paths}, schema = {schema})) AS {alias} ON {on}";
    }

    private NestedField EqualityField(int id) =>
        scan.FindField(id) ?? throw new TableUnreadableException(
            scan.Table.Identifier, $"The table '{scan.Table.Identifier}' has deletes on a column that no schema of it knows.", "Let the engine that wrote the table rewrite its deletes.");

    private static string OrOne(IEnumerable<string> columns)
    {
        var all = string.Join(", ", columns);
        return all.Length == 0 ? "1 AS \"?\"" : all;
    }
}
