using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;

namespace LakePortal.Iceberg.Tests.Support;

/// <summary>A warehouse in a temporary directory.</summary>
public sealed class Lake : IDisposable
{
    public Lake(ICatalogStore? store = null, IFileIO? io = null, TimeProvider? time = null)
    {
        Store = store ?? new InMemoryCatalogStore();
        IO = io ?? new LocalFileIO();
        Catalog = new TableCatalog(Store, IO, Root, time ?? TimeProvider.System);
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("lake-").FullName;

    public ICatalogStore Store { get; }

    public IFileIO IO { get; }

    public TableCatalog Catalog { get; }

    public static TableIdentifier Orders { get; } = new("raw", "orders");

    public Task<Table> CreateOrdersAsync(params PartitionBy[] partitionBy) => CreateAsync(Orders, new Dictionary<string, string>(), partitionBy);

    public Task<Table> CreateAsync(TableIdentifier identifier, IReadOnlyDictionary<string, string> properties, params PartitionBy[] partitionBy) =>
        Catalog.CreateAsync(
            new CreateTable(
                identifier,
                [
                    new NestedField(0, "id", PrimitiveType.Long, Required: true),
                    new NestedField(0, "region", PrimitiveType.String),
                    new NestedField(0, "created_at", PrimitiveType.TimestampTz),
                    new NestedField(0, "amount", PrimitiveType.Decimal(12, 2)),
                    new NestedField(0, "score", PrimitiveType.Double),
                    new NestedField(0, "address", new StructType([new NestedField(0, "city", PrimitiveType.String), new NestedField(0, "tags", new ListType(0, PrimitiveType.String, false))])),
                ],
                ["id"],
                partitionBy,
                properties),
            CancellationToken.None);

    /// <summary>A data file entry; no file is written, as planning reads none.</summary>
    public static ContentFile Data(Table table, string name, long rows = 10, params object?[] partition) => new()
    {
        Content = FileContent.Data,
        Path = $"{table.Metadata.Location}/data/{name}.parquet",
        SpecId = table.Metadata.DefaultSpecId,
        Partition = partition,
        RecordCount = rows,
        FileSizeInBytes = 1000 + rows,
    };

    public static ContentFile PositionDelete(Table table, string name, string? target, long rows = 1, params object?[] partition) => new()
    {
        Content = FileContent.PositionDeletes,
        Path = $"{table.Metadata.Location}/data/{name}.parquet",
        SpecId = table.Metadata.DefaultSpecId,
        Partition = partition,
        RecordCount = rows,
        FileSizeInBytes = 100,
        ReferencedDataFile = target,
    };

    public IReadOnlyList<string> MetadataFiles(Table table) =>
        [.. Directory.GetFiles(Path.Combine(Locations.ToLocalPath(table.Metadata.Location), "metadata")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
