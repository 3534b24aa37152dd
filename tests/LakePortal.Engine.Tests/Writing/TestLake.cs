using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Tests.Writing;

/// <summary>A lake in a temporary folder, with a reader of its own: plain read_parquet over the planned files minus the positions of their delete files.</summary>
internal sealed class TestLake : IDisposable
{
    public TestLake(WriterOptions? options = null)
    {
        Root = Directory.CreateTempSubdirectory("lake-writing-").FullName;
        Options = (options ?? new WriterOptions()) with { TempDirectory = Directory.CreateDirectory(Path.Combine(Root, "tmp")).FullName, MemoryLimit = "1GB" };
        Catalog = NewCatalog();
        Writer = new LakeWriter(Catalog, IO, new PlainQueries(), Options, TimeProvider.System);
    }

    public string Root { get; }

    public WriterOptions Options { get; }

    public LocalFileIO IO { get; } = new();

    public InMemoryCatalogStore Store { get; } = new();

    public TableCatalog Catalog { get; }

    public LakeWriter Writer { get; }

    public TableCatalog NewCatalog() => new(Store, IO, Path.Combine(Root, "lake"), TimeProvider.System);

    public async Task<Table> CreateAsync(string name, IReadOnlyList<NestedField> fields, params PartitionBy[] partitionBy) =>
        await Catalog.CreateAsync(new CreateTable(Id(name), fields, [], partitionBy, new Dictionary<string, string>()), CancellationToken.None);

    public static TableIdentifier Id(string name) => new("raw", name);

    public Task<WriteOutcome> WriteAsync(string name, WriteMode mode, string sql, params string[] key) =>
        Writer.WriteQueryAsync(new WriteQuery(Request(sql), Id(name), mode) { Key = key }, CancellationToken.None);

    public static LakeQueryRequest Request(string sql) => new(sql, Caller.System);

    /// <summary>Appends the rows of a SELECT through a staging area.</summary>
    public async Task<WriteOutcome> AppendAsync(string name, string select)
    {
        await using var area = await Writer.OpenStagingAsync(CancellationToken.None);
        var files = await area.WriteFilesAsync(area.Connection, select, Id(name), CancellationToken.None);
        return await area.CommitAppendAsync(Id(name), files, new Dictionary<string, string>(), CancellationToken.None);
    }

    public async Task<ScanPlan> PlanAsync(string name, Predicate? predicate = null) =>
        await (await Catalog.LoadAsync(Id(name), CancellationToken.None)).PlanScanAsync(SnapshotSelector.Current, predicate, CancellationToken.None);

    /// <summary>Result of SQL over the table's live rows, called <c>t</c>; columns as text, joined by bars; rows in the order of the SQL.</summary>
    public async Task<IReadOnlyList<string>> RowsAsync(string name, string sql)
    {
        var plan = await PlanAsync(name);
        using var connection = new DuckDBConnection("Data Source=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        var scans = plan.Tasks.Select(t => $"SELECT * EXCLUDE (file_row_number) FROM (SELECT * FROM read_parquet({Text(t.File)}, file_row_number=true, hive_partitioning=false) AS r {Minus(t)})");
        command.CommandText = $"SET TimeZone='UTC'; CREATE VIEW t AS {(plan.Tasks.Count == 0 ? "SELECT 1 AS nothing WHERE false" : string.Join(" UNION ALL BY NAME ", scans))}; {sql}";
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.FieldCount == 0 && reader.NextResult())
        {
        }

        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "null" : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))));
        }

        return rows;
    }

    public IReadOnlyList<string> DataFiles(string name) =>
        [.. Directory.EnumerateFiles(Path.Combine(Root, "lake"), "*.parquet", SearchOption.AllDirectories).Where(f => f.Contains($"/{name}", StringComparison.Ordinal))];

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static string Text(ContentFile file) => $"'{Locations.ToLocalPath(file.Path).Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Minus(FileScanTask task) => task.Deletes.Count == 0
        ? ""
        : $"WHERE NOT EXISTS (SELECT 1 FROM read_parquet([{string.Join(", ", task.Deletes.Select(Text))}], hive_partitioning=false) AS d WHERE d.file_path = '{task.File.Path.Replace("'", "''", StringComparison.Ordinal)}' AND d.pos = r.file_row_number)";

    /// <summary>Queries that need no lake: what governs them is tested where it lives.</summary>
    private sealed class PlainQueries : IBoundQueryFactory
    {
        public Task<BoundQuery> BindAsync(LakeQueryRequest request, CancellationToken cancellationToken)
        {
            var connection = new DuckDBConnection("Data Source=:memory:");
            connection.Open();
            return Task.FromResult(new BoundQuery(connection, request.Sql, [], new Dictionary<TableIdentifier, long?>(), connection.DisposeAsync));
        }
    }
}
