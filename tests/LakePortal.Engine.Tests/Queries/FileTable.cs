using DuckDB.NET.Data;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Engine.Tests.Queries;

/// <summary>A table whose live files are given one by one: layouts and deletes that no writer of ours makes can be laid out exactly.</summary>
internal sealed class FileTable(TableIdentifier identifier, IReadOnlyList<Schema> schemas, PartitionSpec? spec = null) : Table
{
    private readonly PartitionSpec _spec = spec ?? PartitionSpec.Unpartitioned;

    public List<FileScanTask> Tasks { get; } = [];

    public NameMapping? NameMapping { get; init; }

    public List<Predicate?> Planned { get; } = [];

    public override TableIdentifier Identifier => identifier;

    public override TableMetadata Metadata => new()
    {
        FormatVersion = 2, TableUuid = Guid.Empty, Location = "file:///none", LastSequenceNumber = 1, LastUpdated = DateTimeOffset.UnixEpoch, LastColumnId = 100,
        Schemas = schemas, CurrentSchemaId = schemas[^1].SchemaId, PartitionSpecs = [_spec], DefaultSpecId = _spec.SpecId, LastPartitionId = 999,
        SortOrders = [], DefaultSortOrderId = 0, CurrentSnapshotId = 7,
        Snapshots = [new Snapshot(7, null, 1, DateTimeOffset.UnixEpoch, "none", new Dictionary<string, string>(), schemas[^1].SchemaId)],
        SnapshotLog = [new SnapshotLogEntry(DateTimeOffset.UnixEpoch, 7)],
    };

    public override string MetadataLocation => "file:///none/v1.metadata.json";

    public override bool IsReadOnly => true;

    public override string ResolveLocation(string location) => location["file://".Length..];

    /// <summary>Positions by path of the file that would hold the vector.</summary>
    public Dictionary<string, IReadOnlyList<long>> Vectors { get; } = [];

    public override Task<IReadOnlyList<long>> ReadDeletionVectorAsync(ContentFile file, CancellationToken cancellationToken) => Task.FromResult(Vectors[file.Path]);

    /// <summary>A deletion vector of these positions.</summary>
    public ContentFile Vector(string name, params long[] positions)
    {
        Vectors[name] = positions;
        return new ContentFile { Content = FileContent.PositionDeletes, Path = name, Format = "PUFFIN", SpecId = 0, RecordCount = positions.Length, FileSizeInBytes = 1 };
    }

    public override Task<ScanPlan> PlanScanAsync(SnapshotSelector selector, Predicate? predicate, CancellationToken cancellationToken)
    {
        Planned.Add(predicate);
        return Task.FromResult(new ScanPlan(
            7, schemas[^1], new Dictionary<int, PartitionSpec> { [_spec.SpecId] = _spec }, Tasks, NameMapping,
            new ScanStatistics(1, 1, Tasks.Count, Tasks.Count, 0, 0)));
    }

    public FileTable Add(ContentFile file, params ContentFile[] deletes)
    {
        Tasks.Add(new FileScanTask(file, deletes));
        return this;
    }

    public override Task<IReadOnlyList<ContentFile>> ListFilesAsync(SnapshotSelector selector, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task<Table> CommitAsync(SnapshotChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task<Table> UpdateSchemaAsync(Action<ISchemaUpdate> update, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task<Table> UpdatePropertiesAsync(IReadOnlyDictionary<string, string?> properties, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task<Table> UpdateRefsAsync(Action<IRefUpdate> update, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task<Table> RefreshAsync(CancellationToken cancellationToken) => Task.FromResult<Table>(this);
}

internal sealed class FileCatalog(params FileTable[] tables) : ITableCatalog
{
    public Task<Table> LoadAsync(TableIdentifier identifier, CancellationToken cancellationToken) =>
        Task.FromResult<Table>(tables.FirstOrDefault(t => t.Identifier == identifier) ?? throw new TableNotFoundException(identifier));

    public Task<Table?> FindAsync(TableIdentifier identifier, CancellationToken cancellationToken) =>
        Task.FromResult<Table?>(tables.FirstOrDefault(t => t.Identifier == identifier));

    public Task<IReadOnlyList<TableIdentifier>> ListAsync(string? ns, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<TableIdentifier>>([.. tables.Select(t => t.Identifier).Where(t => ns is null || t.Namespace == ns)]);

    public Task<Table> CreateAsync(CreateTable create, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Table> RegisterAsync(TableIdentifier identifier, string metadataLocation, IReadOnlyList<LocationMapping> locationMap, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> DropAsync(TableIdentifier identifier, bool purge, CancellationToken cancellationToken) => throw new NotSupportedException();
}

/// <summary>A folder of data files written by plain DuckDB.</summary>
internal sealed class DataFolder : IDisposable
{
    public DataFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "lp-engine-tests-" + Guid.NewGuid().ToString("N"));

    /// <summary>Writes the rows of a SELECT; <paramref name="fieldIds"/> is DuckDB's FIELD_IDS, null for a file without ids.</summary>
    public ContentFile Write(string name, string select, string? fieldIds, FileContent content = FileContent.Data)
    {
        var path = System.IO.Path.Combine(Path, name);
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SET TimeZone='UTC'; COPY ({select}) TO '{path}' (FORMAT parquet{(fieldIds is null ? "" : $", FIELD_IDS {{{fieldIds}}}")})";
        command.ExecuteNonQuery();
        return new ContentFile { Content = content, Path = "file://" + path, SpecId = 0, RecordCount = 0, FileSizeInBytes = new FileInfo(path).Length };
    }

    public ContentFile PositionDeletes(string name, params (ContentFile File, long Position)[] deletes) => Write(
        name, "SELECT * FROM (VALUES " + string.Join(", ", deletes.Select(d => $"('{d.File.Path}', {d.Position}::BIGINT)")) + ") t(file_path, pos)",
        "file_path: 2147483546, pos: 2147483545", FileContent.PositionDeletes);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
