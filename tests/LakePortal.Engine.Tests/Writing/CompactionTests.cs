using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Engine.Writing.Compaction;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Tests.Writing;

/// <summary>Compactions, against rows that the test keeps by itself.</summary>
public sealed class CompactionTests : IDisposable
{
    private static readonly CompactionRules ByHand = new() { SmallFileBytes = 1 << 20 };

    private readonly TestLake _lake = new(new WriterOptions { KeyIndexMinRows = 0 });
    private readonly SortedDictionary<int, int> _rows = [];
    private int _version;

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task Many_small_files_and_their_deletes_become_one_file_with_the_same_rows_and_merges_go_on()
    {
        await FillAsync();
        var before = await _lake.PlanAsync("t");
        var forecast = await Compactor().ForecastAsync(TestLake.Id("t"), ByHand, default);
        Assert.Equal((before.Tasks.Count, 1), (forecast.DataFiles, forecast.NewFiles));
        Assert.True(forecast.DataFiles > 20 && forecast.DeleteFiles > 10, $"{forecast}");
        Assert.Equal(_rows.Count, forecast.Rows);

        var done = await Compactor().CompactAsync(TestLake.Id("t"), ByHand, default);
        Assert.Equal((forecast.DataFiles, forecast.DeleteFiles, 1, _rows.Count, 0, forecast.Bytes), (done.DataFiles, done.DeleteFiles, done.NewFiles, done.Rows, done.FilesLeft, done.Bytes));
        await EqualAsync();
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), default);
        Assert.Equal(("replace", done.SnapshotId), (table.Metadata.CurrentSnapshot!.Operation, table.Metadata.CurrentSnapshotId));
        Assert.Equal((_rows.Count.ToString(CultureInfo.InvariantCulture), "0", "1"), (table.Metadata.CurrentSnapshot.Summary["total-records"], table.Metadata.CurrentSnapshot.Summary["total-delete-files"], table.Metadata.CurrentSnapshot.Summary["total-data-files"]));
        Assert.Empty(Assert.Single((await _lake.PlanAsync("t")).Tasks).Deletes);

        // Nothing more to do; and keys are found in the new file.
        Assert.Null((await Compactor().CompactAsync(TestLake.Id("t"), ByHand, default)).SnapshotId);
        for (var i = 0; i < 5; i++)
        {
            await MergeAsync(30);
        }

        await EqualAsync();

        // What was before is still there to be looked at.
        Assert.Equal(before.Tasks.Count, (await table.PlanScanAsync(new() { SnapshotId = before.SnapshotId }, null, default)).Tasks.Count);
    }

    [Theory]
    [InlineData("written", 1)]
    [InlineData("written", 2)]
    [InlineData("committing", 1)]
    [InlineData("committing", 2)]
    public async Task Rows_that_are_changed_and_deleted_meanwhile_never_come_back(string at, int times)
    {
        await FillAsync();
        var left = times;
        var done = await Compactor(async step =>
        {
            if (step == at && left-- > 0)
            {
                await MergeAsync(200);
            }
        }).CompactAsync(TestLake.Id("t"), ByHand, default);
        Assert.Equal(0, done.FilesLeft);
        Assert.True(done.DataFiles > 20);
        Assert.True(left <= 0);
        await EqualAsync();
        await MergeAsync(100);
        await EqualAsync();
        Assert.InRange((await _lake.PlanAsync("t")).Tasks.Count, 1, 8);
    }

    [Fact]
    public async Task Writers_that_never_rest_wait_at_last_and_lose_nothing()
    {
        await FillAsync();
        using var stop = new CancellationTokenSource();
        var merging = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await MergeAsync(50);
            }
        });
        var compacted = 0;
        for (var i = 0; i < 4; i++)
        {
            var done = await Compactor().CompactAsync(TestLake.Id("t"), ByHand, default);
            Assert.Equal(0, done.FilesLeft);
            compacted += done.DataFiles;
        }

        await stop.CancelAsync();
        await merging;
        Assert.True(compacted > 30, $"{compacted}");
        await EqualAsync();
    }

    [Fact]
    public async Task A_table_that_is_replaced_meanwhile_is_left_as_it_is()
    {
        await FillAsync();
        var done = await Compactor(async step =>
        {
            if (step == "committing")
            {
                await _lake.WriteAsync("t", WriteMode.Replace, "SELECT 1::INTEGER AS id, 1::INTEGER AS v");
            }
        }).CompactAsync(TestLake.Id("t"), ByHand, default);
        Assert.Equal((0, (long?)null), (done.DataFiles, done.SnapshotId));
        Assert.Equal(["1|1"], await _lake.RowsAsync("t", "SELECT * FROM t"));
    }

    [Theory]
    [InlineData("written")]
    [InlineData("committing")]
    public async Task A_compaction_that_breaks_off_changes_nothing_and_leaves_nothing(string at)
    {
        await FillAsync();
        var before = _lake.DataFiles("t").Count;
        await Assert.ThrowsAsync<IOException>(() => Compactor(step => step == at ? throw new IOException("the power is gone") : Task.CompletedTask).CompactAsync(TestLake.Id("t"), ByHand, default));
        Assert.Equal(before, _lake.DataFiles("t").Count);
        await EqualAsync();
        Assert.NotNull((await Compactor().CompactAsync(TestLake.Id("t"), ByHand, default)).SnapshotId);
        await EqualAsync();
    }

    [Fact]
    public async Task Each_partition_keeps_its_files_and_deletes_that_others_need_stay()
    {
        using var lake = new TestLake(new WriterOptions { TargetFileBytes = 20_000 });
        await lake.CreateAsync("p", [new(0, "id", PrimitiveType.Int), new(0, "v", PrimitiveType.String), new(0, "part", PrimitiveType.String)], new PartitionBy("part", new LakePortal.Iceberg.Tables.Transform("identity")));
        for (var i = 0; i < 60; i++)
        {
            await lake.AppendAsync("p", $"SELECT range::INTEGER * 60 + {i} AS id, 'x' AS v, 'p' || (range % 3) AS part FROM range(30)");
        }

        // So many files of a partition are touched that their deletes share a file.
        await lake.WriteAsync("p", WriteMode.Merge, "SELECT range::INTEGER AS id, 'new' AS v, 'p9' AS part FROM range(180)", "id");
        var plan = await lake.PlanAsync("p");
        Assert.Contains(plan.Tasks.SelectMany(t => t.Deletes), d => d.ReferencedDataFile is null);
        const string Sum = "SELECT part, v, count(*), sum(id), count(DISTINCT id) FROM t GROUP BY ALL ORDER BY ALL";
        var rows = await lake.RowsAsync("p", Sum);

        // Only some of the files at first: the shared deletes are still needed.
        var some = await lake.Writer.Compactor(_ => Task.CompletedTask).CompactAsync(TestLake.Id("p"), ByHand with { MostBytes = 1 }, default);
        Assert.True(some is { DataFiles: > 1 and < 60, DeleteFiles: 0 }, $"{some}");
        Assert.Equal(rows, await lake.RowsAsync("p", Sum));
        var all = await lake.Writer.Compactor(_ => Task.CompletedTask).CompactAsync(TestLake.Id("p"), ByHand, default);
        Assert.True(all.DeleteFiles > 0);
        plan = await lake.PlanAsync("p");
        Assert.Equal(["p0", "p1", "p2", "p9"], plan.Tasks.Select(t => (string)t.File.Partition[0]!).Distinct().Order(StringComparer.Ordinal));
        Assert.True(plan.Tasks.Count < 20, $"{plan.Tasks.Count}");
        Assert.All(plan.Tasks, t => Assert.Empty(t.Deletes));
        Assert.Equal(rows, await lake.RowsAsync("p", Sum));
    }

    [Fact]
    public async Task Rows_stay_in_the_order_in_which_they_came_and_every_value_is_what_it_was()
    {
        const string Select = """
            SELECT i AS pos, (i / 7.0)::DECIMAL(18, 5) AS n, CASE i % 5 WHEN 0 THEN 'NaN'::DOUBLE WHEN 1 THEN '-0.0'::DOUBLE ELSE i / 3.0 END AS d, CASE WHEN i % 3 > 0 THEN 'ä€' || chr(0) || i END AS s,
              TIMESTAMPTZ '0001-01-01' + i * INTERVAL 1 DAY AS ts, {'a': i, 'b': [i, NULL]} AS st, MAP {i::VARCHAR: i} AS m, ('\x00'::BLOB || i::VARCHAR::BLOB) AS bin
            """;
        await _lake.WriteAsync("t", WriteMode.Replace, $"{Select} FROM range(0) t(i)");
        for (var i = 0; i < 40; i++)
        {
            await _lake.AppendAsync("t", $"{Select} FROM range({i * 100}, {(i + 1) * 100}) t(i)");
        }

        const string Whole = "SELECT count(*), bit_xor(hash(pos, n, d, signbit(d), s, ts, st, m::VARCHAR, bin)), sum(pos) FROM t";
        var before = await _lake.RowsAsync("t", Whole);
        Assert.Equal(40, (await Compactor().CompactAsync(TestLake.Id("t"), ByHand, default)).DataFiles);
        Assert.Equal(before, await _lake.RowsAsync("t", Whole));
        var file = Locations.ToLocalPath(Assert.Single((await _lake.PlanAsync("t")).Tasks).File.Path);
        using var connection = new DuckDBConnection("Data Source=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM read_parquet('{file}', file_row_number = true) WHERE pos <> file_row_number";
        Assert.Equal(0L, command.ExecuteScalar());
    }

    [Fact]
    public async Task Columns_that_came_went_or_got_another_name_and_type_are_read_right()
    {
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 1::INTEGER AS id, 'one' AS v, 5::INTEGER AS gone");
        _ = await (await _lake.Catalog.LoadAsync(TestLake.Id("t"), default)).UpdateSchemaAsync(
            u => _ = u.RenameColumn("v", "w").DropColumn("gone").PromoteColumn("id", PrimitiveType.Long).AddColumn(null, "more", PrimitiveType.Double), default);
        await _lake.WriteAsync("t", WriteMode.Append, "SELECT 5000000000 AS id, 'two' AS w, 2.5::DOUBLE AS more");
        Assert.Equal(2, (await Compactor().CompactAsync(TestLake.Id("t"), ByHand, default)).DataFiles);
        Assert.Equal(["1|one|null", "5000000000|two|2.5"], await _lake.RowsAsync("t", "SELECT id, w, more FROM t ORDER BY id"));
    }

    [Fact]
    public async Task Manifests_are_merged_by_hand_and_rows_stay()
    {
        await FillAsync();
        var (before, after) = await Compactor().RewriteManifestsAsync(TestLake.Id("t"), default);
        Assert.True(before > 20 && after <= 2, $"{before} became {after}");
        await EqualAsync();
        await MergeAsync(100);
        await EqualAsync();
    }

    [Fact]
    public async Task An_adopted_table_is_refused()
    {
        await FillAsync();
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), default);
        _ = await _lake.Catalog.RegisterAsync(TestLake.Id("adopted"), table.MetadataLocation, [], default);
        await Assert.ThrowsAsync<TableReadOnlyException>(() => Compactor().CompactAsync(TestLake.Id("adopted"), ByHand, default));
        await Assert.ThrowsAsync<TableReadOnlyException>(() => Compactor().RewriteManifestsAsync(TestLake.Id("adopted"), default));
    }

    private Compactor Compactor(Func<string, Task>? reached = null) => _lake.Writer.Compactor(reached ?? (_ => Task.CompletedTask));

    /// <summary>Many commits, as a capture makes them.</summary>
    private async Task FillAsync()
    {
        for (var i = 0; i < 32; i++)
        {
            await MergeAsync(60);
        }
    }

    /// <summary>Inserts, updates and deletes keys that follow from the version alone.</summary>
    private async Task MergeAsync(int keys)
    {
        var version = ++_version;
        var random = new Random(version);
        var changes = Enumerable.Range(0, keys).Select(_ => random.Next(3000)).Distinct().Select(id => (Id: id, IsGone: random.Next(4) == 0)).ToList();
        await using var area = await _lake.Writer.OpenStagingAsync(default);
        if (version == 1)
        {
            _ = await _lake.CreateAsync("t", [new(0, "id", PrimitiveType.Int, Required: true), new(0, "v", PrimitiveType.Int)]);
        }

        var rows = string.Join(", ", changes.Select(c => string.Create(CultureInfo.InvariantCulture, $"({c.Id}, {version}, {c.IsGone})")));
        _ = await area.MergeAsync(TestLake.Id("t"), $"SELECT * FROM (VALUES {rows}) AS c(id, v, gone)", ["id"], "gone", new Dictionary<string, string>(), default);
        foreach (var (id, isGone) in changes)
        {
            if (isGone)
            {
                _ = _rows.Remove(id);
            }
            else
            {
                _rows[id] = version;
            }
        }
    }

    private async Task EqualAsync() =>
        Assert.Equal(_rows.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key}|{r.Value}")), await _lake.RowsAsync("t", "SELECT id, v FROM t ORDER BY id"));
}
