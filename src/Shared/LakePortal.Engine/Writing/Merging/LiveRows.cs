using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Iceberg;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>
/// The planned data files as SQL: columns by field id (renamed, added and promoted ones read right), with <c>filename</c> and
/// <c>file_row_number</c>, and the positions that existing delete files remove.
/// </summary>
internal sealed class LiveRows
{
    public const string FileTable = "lakeportal_merge_files";
    public const string DeleteTable = "lakeportal_merge_deletes";

    private LiveRows(IReadOnlyDictionary<string, FileScanTask> tasks) => Tasks = tasks;

    /// <summary>By local path of the data file.</summary>
    public IReadOnlyDictionary<string, FileScanTask> Tasks { get; }

    /// <exception cref="TableNotMergeableException">A file or delete is of a kind that positions cannot be taken from.</exception>
    public static async Task<LiveRows> CreateAsync(TableIdentifier target, DuckDBConnection connection, ScanPlan plan, CancellationToken cancellationToken)
    {
        var tasks = new Dictionary<string, FileScanTask>(StringComparer.Ordinal);
        Check(target, plan);
        foreach (var task in plan.Tasks)
        {
            tasks.Add(Locations.ToLocalPath(task.File.Path), task);
        }

        await DuckDbCommands.ExecuteAsync(connection, $"CREATE OR REPLACE TEMP TABLE {FileTable} (local VARCHAR, location VARCHAR)", cancellationToken);
        foreach (var batch in tasks.Chunk(500))
        {
            await DuckDbCommands.ExecuteAsync(
                connection, $"INSERT INTO {FileTable} VALUES {string.Join(", ", batch.Select(t => $"({WriterSql.Text(t.Key)}, {WriterSql.Text(t.Value.File.Path)})"))}", cancellationToken);
        }

        var deletes = tasks.Values.SelectMany(t => t.Deletes).Select(d => Locations.ToLocalPath(d.Path)).Distinct().ToList();
        var positions = deletes.Count == 0
            ? "SELECT CAST(NULL AS VARCHAR) AS local, CAST(NULL AS BIGINT) AS pos WHERE false"
            : $"SELECT DISTINCT f.local, d.pos FROM read_parquet({WriterSql.Texts(deletes)}, hive_partitioning = false) AS d JOIN {FileTable} AS f ON f.location = d.file_path";
        await DuckDbCommands.ExecuteAsync(connection, $"CREATE OR REPLACE TEMP TABLE {DeleteTable} AS {positions}", cancellationToken);
        return new LiveRows(tasks);
    }

    public static Task DropAsync(DuckDBConnection connection) =>
        DuckDbCommands.ExecuteAsync(connection, $"DROP TABLE IF EXISTS {DeleteTable}; DROP TABLE IF EXISTS {FileTable}", CancellationToken.None);

    /// <summary>
    /// SELECT of these columns under the aliases of <see cref="Alias"/>, with <c>filename</c> and <c>file_row_number</c>; rows deleted before are still in it.
    /// The aliases keep a column named "filename" from clashing.
    /// </summary>
    public static string Scan(IEnumerable<string> localPaths, IReadOnlyList<NestedField> fields)
    {
        var schema = fields.Select((f, i) => $"{f.Id.ToString(CultureInfo.InvariantCulture)}: {{name: {WriterSql.Text(Alias(i))}, type: {WriterSql.Text(DuckDbTypes.ToDuckDb(f.Type))}, default_value: NULL}}");
        return $"SELECT * FROM read_parquet({WriterSql.Texts(localPaths)}, schema = MAP {{{string.Join(", ", schema)}}}, filename = true, file_row_number = true, hive_partitioning = false)";
    }

    public static string Alias(int index) => $"c{index.ToString(CultureInfo.InvariantCulture)}";

    /// <exception cref="TableNotMergeableException">A file or delete is of a kind that positions cannot be taken from.</exception>
    public static void Check(TableIdentifier target, ScanPlan plan)
    {
        foreach (var task in plan.Tasks)
        {
            Check(target, task);
        }
    }

    private static void Check(TableIdentifier target, FileScanTask task)
    {
        if (!task.File.Format.Equals("PARQUET", StringComparison.OrdinalIgnoreCase))
        {
            throw new TableNotMergeableException(target, $"it has data files in {task.File.Format} format");
        }

        if (task.Deletes.Any(d => d.Content == FileContent.EqualityDeletes))
        {
            throw new TableNotMergeableException(target, "it has equality deletes, which hold for rows by value and not by position");
        }

        if (task.Deletes.Any(d => !d.Format.Equals("PARQUET", StringComparison.OrdinalIgnoreCase)))
        {
            throw new TableNotMergeableException(target, "it has deletion vectors");
        }
    }
}
