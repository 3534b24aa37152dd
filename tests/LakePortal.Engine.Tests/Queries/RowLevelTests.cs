using System.Globalization;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Tests.Writing;
using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Tests.Queries;

/// <summary>Rows that were deleted, replaced and renamed, read through the engine and compared with a model kept beside.</summary>
public sealed class RowLevelTests : IDisposable
{
    private readonly TestLake _lake = new();
    private readonly DataFolder _folder = new();
    private readonly EngineHarness _engine;

    public RowLevelTests() => _engine = new EngineHarness(_lake.Catalog, new EngineOptions { MemoryLimit = "512MB", DataDirectories = [_lake.Root] });

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
        _lake.Dispose();
    }

    [Theory]
    [InlineData(11, false)]
    [InlineData(12, true)]
    public async Task Every_snapshot_of_a_table_that_was_merged_into_many_times_shows_the_rows_of_its_moment(int seed, bool partitioned)
    {
        var random = new Random(seed);
        IReadOnlyList<PartitionBy> by = partitioned ? [new PartitionBy("id", new Transform("bucket", 3))] : [];
        var model = new SortedDictionary<int, string>();
        var moments = new List<(long Snapshot, string[] Rows)>();
        var renamed = false;
        for (var round = 0; round < 7; round++)
        {
            if (round == 4)
            {
                var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), CancellationToken.None);
                await table.UpdateSchemaAsync(u => u.RenameColumn("v", "w"), CancellationToken.None);
                renamed = true;
            }

            var ids = Enumerable.Range(0, 60).Where(_ => round == 0 || random.Next(4) == 0).ToList();
            var values = string.Join(", ", ids.Select(i => $"({i}, 'r{round}')"));
            var write = new WriteQuery(TestLake.Request($"SELECT * FROM (VALUES {values}) AS x(id, {(renamed ? "w" : "v")})"), TestLake.Id("t"), WriteMode.Merge) { Key = ["id"], PartitionBy = by };
            var outcome = await _lake.Writer.WriteQueryAsync(write, CancellationToken.None);
            ids.ForEach(i => model[i] = $"r{round}");
            moments.Add((outcome.SnapshotId!.Value, [.. model.Select(m => $"{m.Key}|{m.Value}")]));
        }

        Assert.Contains((await _lake.PlanAsync("t")).Tasks, t => t.Deletes.Count > 0);
        Assert.Equal(moments[^1].Rows, await _engine.RowsAsync("SELECT id, w FROM raw.t ORDER BY id"));
        for (var i = 0; i < moments.Count; i++)
        {
            // At an older snapshot the column has the name that it had then.
            var at = string.Create(CultureInfo.InvariantCulture, $"raw.t AT (VERSION => {moments[i].Snapshot})");
            Assert.Equal(moments[i].Rows, await _engine.RowsAsync($"SELECT id, {(i < 4 ? "v" : "w")} FROM {at} ORDER BY id"));
            Assert.Equal(moments[i].Rows.Length, await _engine.CountAsync($"SELECT count(*) FROM {at} WHERE id >= 0"));
        }
    }

    [Fact]
    public async Task Names_inside_of_nested_columns_can_be_changed_swapped_and_used_again()
    {
        await _lake.WriteAsync("n", WriteMode.Append, "SELECT 1 AS id, {'a': 1, 'b': 2, 'in': {'x': 'one'}} AS s, [{'p': 10}] AS l, MAP {'k': {'q': 'v1'}} AS m");
        await EvolveAsync(u => u.RenameColumn("s.a", "tmp").RenameColumn("s.b", "a").RenameColumn("s.in.x", "y").RenameColumn("l.element.p", "r").RenameColumn("m.value.q", "z"));
        await EvolveAsync(u => u.RenameColumn("s.tmp", "b"));
        await _lake.WriteAsync("n", WriteMode.Append, "SELECT 2 AS id, {'b': 21, 'a': 22, 'in': {'y': 'two'}} AS s, [{'r': 20}] AS l, MAP {'k': {'z': 'v2'}} AS m");
        const string select = "SELECT id, s.a, s.b, s.\"in\".y, l[1].r, m['k'].z FROM raw.n ORDER BY id";
        Assert.Equal(["1|2|1|one|10|v1", "2|22|21|two|20|v2"], await _engine.RowsAsync(select));

        // A new field under an old name is another field.
        await EvolveAsync(u => u.AddColumn("s.in", "x", PrimitiveType.String));
        Assert.Equal(["1|one|NULL", "2|two|NULL"], await _engine.RowsAsync("SELECT id, s.\"in\".y, s.\"in\".x FROM raw.n ORDER BY id"));
        Assert.Equal(["1"], await _engine.RowsAsync("SELECT id FROM raw.n WHERE s.a = 2"));
        Assert.Equal(["NULL"], await _engine.RowsAsync("SELECT max(s.\"in\".x) FROM raw.n"));
    }

    [Fact]
    public async Task A_merge_into_a_table_with_renamed_nested_fields_keeps_the_values_of_the_rest()
    {
        await _lake.WriteAsync("n", WriteMode.Append, "SELECT range AS id, {'a': range * 10, 'b': 'x' || range} AS s FROM range(100)");
        await EvolveAsync(u => u.RenameColumn("s.a", "c"));
        await _lake.WriteAsync("n", WriteMode.Merge, "SELECT range AS id, {'c': -1::BIGINT, 'b': 'new'} AS s FROM range(90)", "id");
        Assert.Equal(["100|-90|9450|10"], await _engine.RowsAsync(
            "SELECT count(*), sum(s.c) FILTER (s.c < 0)::BIGINT, sum(s.c) FILTER (s.c >= 0)::BIGINT, count(*) FILTER (s.b <> 'new') FROM raw.n"));
    }

    [Fact]
    public async Task Deletion_vectors_and_position_deletes_each_take_the_rows_of_their_own_file()
    {
        var table = new FileTable(new TableIdentifier("raw", "v"), [new Schema(0, [new NestedField(1, "id", PrimitiveType.Long), new NestedField(2, "s", PrimitiveType.String)], [])]);
        ContentFile Data(string name, int from) => _folder.Write(name, $"SELECT range::BIGINT AS id, 's' || range AS s FROM range({from}, {from + 5000})", "id: 1, s: 2");
        var (a, b, c) = (Data("a.parquet", 0), Data("b.parquet", 10_000), Data("c.parquet", 20_000));
        var gone = Enumerable.Range(0, 5000).Where(i => i % 7 == 3).Select(i => (long)i).ToArray();
        table.Add(a, table.Vector("a.puffin", [0, 1, 4999])).Add(b, table.Vector("b.puffin", gone)).Add(c, _folder.PositionDeletes("c-d.parquet", (c, 2), (c, 4998), (a, 10)));
        using var engine = new EngineHarness(new FileCatalog(table));

        var expected = Enumerable.Range(2, 4997).Concat(Enumerable.Range(0, 5000).Where(i => i % 7 != 3).Select(i => 10_000 + i))
            .Concat(Enumerable.Range(0, 5000).Where(i => i is not (2 or 4998)).Select(i => 20_000 + i)).ToList();
        Assert.Equal(expected.Select(i => $"{i}|s{i}"), await engine.RowsAsync("SELECT id, s FROM raw.v ORDER BY id"));
        Assert.Equal([$"{expected.Count}"], await engine.RowsAsync("SELECT count(*) FROM raw.v"));
        Assert.Equal([$"{expected.Count}"], await engine.RowsAsync("SELECT count(*) FROM raw.v x JOIN raw.v y ON x.id = y.id"));
        Assert.Equal(["0"], await engine.RowsAsync("SELECT count(*) FROM raw.v WHERE id IN (0, 1, 4999, 10003, 20002)"));
    }

    private async Task EvolveAsync(Action<ISchemaUpdate> change) =>
        await (await _lake.Catalog.LoadAsync(TestLake.Id("n"), CancellationToken.None)).UpdateSchemaAsync(change, CancellationToken.None);
}
