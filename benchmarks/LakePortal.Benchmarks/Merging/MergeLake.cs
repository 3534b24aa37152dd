using System.Globalization;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Benchmarks.Merging;

/// <summary>Tables, and merges of random changes into them: the engine alone, without a portal.</summary>
internal sealed class MergeLake
{
    private const long RowsPerLoad = 5_000_000;
    private const string Row = "(k % 1000003)::INTEGER AS customer, (k % 100000 / 100)::DECIMAL(12,2) AS amount, 'status ' || (k % 7) AS status, md5(k::VARCHAR) AS note, TIMESTAMP '2026-01-01' + INTERVAL (k % 86400) SECOND AS at";

    private readonly TableCatalog _catalog;
    private readonly ILakeWriter _writer;
    private readonly ILakeWriter _scanning;
    private readonly string _root;
    private readonly string _key;
    private readonly Dictionary<string, (long Rows, long Next, int Seed)> _tables = [];

    public MergeLake(string root, bool textKey)
    {
        _root = root;
        _key = textKey ? "'key-' || lpad(k::VARCHAR, 12, '0')" : "k";
        _catalog = new TableCatalog(new InMemoryCatalogStore(), new LocalFileIO(), Path.Combine(root, "lake"), TimeProvider.System);
        var options = new WriterOptions { TempDirectory = root };
        _writer = WriterServices.CreateStagingWriter(_catalog, new LocalFileIO(), options with { KeyIndexRowsPerMerge = long.MaxValue }, TimeProvider.System);
        _scanning = WriterServices.CreateStagingWriter(_catalog, new LocalFileIO(), options with { KeyIndexMinRows = long.MaxValue }, TimeProvider.System);
        KeyType = textKey ? PrimitiveType.String : PrimitiveType.Long;
    }

    private PrimitiveType KeyType { get; }

    public async Task LoadAsync(string name, long rows, CancellationToken cancellationToken)
    {
        List<NestedField> fields =
        [
            new(1, "id", KeyType, Required: true), new(2, "customer", PrimitiveType.Int, Required: false), new(3, "amount", PrimitiveType.Decimal(12, 2), Required: false),
            new(4, "status", PrimitiveType.String, Required: false), new(5, "note", PrimitiveType.String, Required: false), new(6, "at", PrimitiveType.Timestamp, Required: false),
        ];
        await _catalog.CreateAsync(new CreateTable(Id(name), fields, ["id"], [], new Dictionary<string, string>()), cancellationToken);
        await using var area = await _writer.OpenStagingAsync(cancellationToken);
        for (long from = 0; from < rows; from += RowsPerLoad)
        {
            var select = string.Create(CultureInfo.InvariantCulture, $"SELECT {_key} AS id, {Row} FROM range({from}, {Math.Min(rows, from + RowsPerLoad)}) AS r(k)");
            await area.CommitAppendAsync(Id(name), await area.WriteFilesAsync(area.Connection, select, Id(name), cancellationToken), new Dictionary<string, string>(), cancellationToken);
        }

        _tables[name] = (rows, rows, 0);
    }

    /// <summary>One merge that leaves the number of rows as it was.</summary>
    public async Task MergeAsync(string name, bool byIndex, MergeTimes times, CancellationToken cancellationToken)
    {
        var (rows, next, seed) = _tables[name];
        _tables[name] = (rows, next + 100, seed + 1);

        // Keys that are 1 to 8 modulo 10 are changed; deleted are those before the rows that the merge adds, or those that merges before it added.
        await using var area = await (byIndex ? _writer : _scanning).OpenStagingAsync(cancellationToken);
        using (var command = area.Connection.CreateCommand())
        {
            command.CommandText = string.Create(
                CultureInfo.InvariantCulture,
                $"""
                CREATE TABLE changes AS SELECT {_key} AS id, {Row}, gone FROM (
                  (SELECT DISTINCT (hash(i, {seed}) % {rows / 10})::BIGINT * 10 + 1 + i % 8 AS k, false AS gone FROM range(800) AS r(i))
                  UNION ALL (SELECT {seed} * 1000 + i * 10, true FROM range(100) AS r(i))
                  UNION ALL (SELECT {next} + i, false FROM range(100) AS r(i))) AS c
                """);
            _ = command.ExecuteNonQuery();
        }

        await times.MeasureAsync(() => area.MergeAsync(Id(name), "SELECT * FROM changes", ["id"], "gone", new Dictionary<string, string>(), cancellationToken));
    }

    public async Task<long> CountAsync(string name, CancellationToken cancellationToken)
    {
        var plan = await (await _catalog.LoadAsync(Id(name), cancellationToken)).PlanScanAsync(SnapshotSelector.Current, null, cancellationToken);
        return plan.Tasks.Sum(t => t.File.RecordCount - t.Deletes.Sum(d => d.RecordCount));
    }

    public long IndexBytes(string name) =>
        new DirectoryInfo(_root).EnumerateFiles("*.keys", SearchOption.AllDirectories).Where(f => f.FullName.Contains(name, StringComparison.Ordinal)).Sum(f => f.Length);

    private static TableIdentifier Id(string name) => new("bench", name);
}
