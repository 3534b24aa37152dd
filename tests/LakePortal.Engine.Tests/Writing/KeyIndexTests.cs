using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Writing;
using LakePortal.Engine.Writing.Merging.Index;

namespace LakePortal.Engine.Tests.Writing;

/// <summary>Merges that look keys up in the index; what must come out is told by a plain DuckDB table to which the same changes were made.</summary>
public sealed class KeyIndexTests : IDisposable
{
    private const int Rows = 6000;

    private readonly TestLake _lake = new(new WriterOptions { KeyIndexMinRows = 1 });
    private readonly DuckDBConnection _plain = new("Data Source=:memory:");

    public KeyIndexTests()
    {
        _plain.Open();
        Plain("SET TimeZone = 'UTC'");
    }

    public void Dispose()
    {
        _plain.Dispose();
        _lake.Dispose();
    }

    [Theory]
    [InlineData("bigint", "(k - 3000)::BIGINT AS a", "a")]
    [InlineData("integer", "(k - 3000)::INTEGER AS a", "a")]
    [InlineData("pair", "(k % 70)::INTEGER AS a, (k // 70)::BIGINT AS b", "a,b")]
    [InlineData("text", "'key ' || k AS a", "a")]
    [InlineData("texts", "'x' || (k % 70) AS a, (k // 70)::INTEGER AS b", "a,b")]
    [InlineData("uuid", "md5(k::VARCHAR)::UUID AS a", "a")]
    [InlineData("small_decimal", "(k / 100)::DECIMAL(9,2) AS a", "a")]
    [InlineData("large_decimal", "(k * 1000000000000)::DECIMAL(30,2) AS a", "a")]
    [InlineData("moment", "TIMESTAMPTZ '1969-12-31 23:00:00Z' + INTERVAL (k) SECOND AS a", "a")]
    [InlineData("day", "DATE '1965-01-01' + k::INTEGER AS a, k % 2 = 0 AS b", "a,b")]
    [InlineData("bytes", "encode('b' || k) AS a", "a")]
    public async Task Merges_by_index_end_in_the_rows_of_a_plain_table(string name, string columns, string keys)
    {
        var key = keys.Split(',');
        await StartAsync(name, columns);
        var random = new Random(name.Length);
        for (var round = 0; round < 5; round++)
        {
            if (round == 2)
            {
                // Somebody else adds rows.
                await AppendAsync(name, columns, 7000, 7200);
            }

            if (round == 3)
            {
                // All data files are replaced by others with the same rows in another order.
                await RewriteAsync(name);
            }

            var numbers = Enumerable.Range(0, 120).Select(_ => random.Next(0, 7400)).Distinct().ToList();
            await MergeAsync(name, columns, key, numbers, round);
        }

        await AssertSameAsync(name);
        Assert.Null(_lake.Writer.Indexes.LastFailure);
        Assert.NotEmpty(IndexFiles());
    }

    [Fact]
    public async Task An_index_that_is_lost_or_damaged_is_made_anew()
    {
        const string Columns = "k::BIGINT AS a";
        await StartAsync("t", Columns);
        await MergeAsync("t", Columns, ["a"], [1, 2, 3], 1);
        var random = new Random(5);
        for (var round = 2; round < 7; round++)
        {
            foreach (var file in IndexFiles())
            {
                Damage(file, round, random);
            }

            // A writer that has nothing in memory, as after a restart.
            var writer = NewWriter();
            await MergeAsync("t", Columns, ["a"], [2, 3, round * 900, 6000 + round], round, writer);
            await AssertSameAsync("t");
            Assert.Equal(round is 3 or 4 or 5, writer.Indexes.LastFailure is KeyIndexDamagedException);
        }
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_costs_time_and_nothing_else()
    {
        const string Columns = "k::BIGINT AS a";
        await StartAsync("t", Columns);
        await File.WriteAllTextAsync(Path.Combine(TablePath("t"), KeyIndexes.Folder), "in the way");
        await MergeAsync("t", Columns, ["a"], [1, 5, 6001], 1);
        await AssertSameAsync("t");
        Assert.NotNull(_lake.Writer.Indexes.LastFailure);
    }

    [Fact]
    public async Task Rows_whose_keys_have_equal_hashes_are_told_apart()
    {
        const string Columns = "'key ' || k AS a";
        await StartAsync("t", Columns);
        await MergeAsync("t", Columns, ["a"], [1, 5999], 1);

        // An index that says of every key that it is at its own row and at the two that follow: what equal hashes would do.
        var table = await _lake.Catalog.LoadAsync(TestLake.Id("t"), CancellationToken.None);
        foreach (var task in (await _lake.PlanAsync("t")).Tasks)
        {
            var (path, identity) = KeyIndexes.Name(Path.Combine(TablePath("t"), KeyIndexes.Folder), KeyCoding.Of([table.Schema.Fields[0]]), task.File);
            Assert.Equal(task.File.RecordCount > 2, File.Exists(path));
            var rows = task.File.RecordCount;
            var sql = $"SELECT hash(CAST(a AS VARCHAR)), file_row_number::BIGINT FROM read_parquet('{LakePortal.Iceberg.IO.Locations.ToLocalPath(task.File.Path)}', file_row_number = true)";
            KeyIndexWriter.Write(path, identity, 8, rows, 1_000_000, take =>
            {
                for (var shift = 0; shift < 3; shift++)
                {
                    KeyReader.Read(_plain, sql, hasPositions: true, (codes, positions) => take(codes, [.. positions.ToArray().Select(p => (p + shift) % rows)]));
                }
            });
        }

        var writer = NewWriter();
        await MergeAsync("t", Columns, ["a"], [1, 10, 500, 5999, 6005], 2, writer);
        await AssertSameAsync("t");
        Assert.Null(writer.Indexes.LastFailure);
    }

    [Theory]
    [InlineData("k::BIGINT AS a", 1)]
    [InlineData("'key ' || k AS a", 1)]
    [InlineData("k::BIGINT AS a", long.MaxValue)]
    public async Task Rows_are_copied_by_their_keys(string columns, long minRows)
    {
        await StartAsync("t", columns);
        await MergeAsync("t", columns, ["a"], [1, 2, 3, 4000, 6001], 1);
        var keys = $"SELECT {columns} FROM (SELECT unnest([2, 3, 77, 4000, 5000, 5000, 6001, 9999]) AS k) AS r";
        var writer = NewWriter(_lake.Options with { KeyIndexMinRows = minRows });
        await using var area = await writer.OpenStagingAsync(CancellationToken.None);
        await area.CopyRowsAsync(area.Connection, TestLake.Id("t"), keys, ["a"], "copied", CancellationToken.None);
        Assert.Equal(
            Lines(_plain, $"SELECT concat_ws('|', a, v) FROM t SEMI JOIN ({keys}) AS k ON k.a = t.a ORDER BY ALL"),
            Lines(area.Connection, "SELECT concat_ws('|', a, v) FROM copied ORDER BY ALL"));

        await area.CopyRowsAsync(area.Connection, TestLake.Id("t"), $"{keys} WHERE k > 9000", ["a"], "copied", CancellationToken.None);
        Assert.Empty(Lines(area.Connection, "SELECT a::VARCHAR FROM copied"));
    }

    [Fact]
    public async Task Files_beyond_the_limit_of_one_merge_are_read_and_indexed_by_the_next()
    {
        const string Columns = "k::BIGINT AS a";
        await StartAsync("t", Columns);
        await AppendAsync("t", Columns, 7000, 12000);
        var writer = NewWriter(_lake.Options with { KeyIndexRowsPerMerge = 10 });
        await MergeAsync("t", Columns, ["a"], [1, 100, 7100, 13000], 1, writer);
        Assert.Single(IndexFiles());
        await MergeAsync("t", Columns, ["a"], [1, 101, 7100, 13000], 2, writer);
        await MergeAsync("t", Columns, ["a"], [1, 102, 7102, 13000], 3, writer);
        await MergeAsync("t", Columns, ["a"], [1, 103, 7103, 13001], 4, writer);
        await AssertSameAsync("t");
        Assert.True(IndexFiles().Count >= 3);
    }

    private static void Damage(string file, int round, Random random)
    {
        var bytes = File.ReadAllBytes(file);
        switch (round)
        {
            case 2:
                File.Delete(file);
                break;
            case 3:
                File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
                break;
            case 4:
                // What a power cut leaves of a file whose length was known.
                File.WriteAllBytes(file, new byte[bytes.Length]);
                break;
            case 5:
                for (var i = KeyIndexFile.HeaderBytes; i < bytes.Length; i++)
                {
                    bytes[i] ^= (byte)random.Next(1, 256);
                }

                File.WriteAllBytes(file, bytes);
                break;
            default:
                // Killed while writing, under the name of the time before the rename.
                File.WriteAllBytes(file + ".0.tmp", bytes[..(bytes.Length / 2)]);
                File.Delete(file);
                break;
        }
    }

    private async Task StartAsync(string name, string columns)
    {
        Plain($"CREATE TABLE {name} AS SELECT {columns}, 0 AS v FROM range({Rows}) AS r(k)");
        await _lake.WriteAsync(name, WriteMode.Append, $"SELECT {columns}, 0 AS v FROM range({Rows / 2}) AS r(k)");
        await _lake.WriteAsync(name, WriteMode.Append, $"SELECT {columns}, 0 AS v FROM range({Rows / 2}, {Rows}) AS r(k)");
    }

    private async Task AppendAsync(string name, string columns, int from, int to)
    {
        var select = string.Create(CultureInfo.InvariantCulture, $"SELECT {columns}, -1 AS v FROM range({from}, {to}) AS r(k)");
        await _lake.WriteAsync(name, WriteMode.Append, select);
        Plain($"INSERT INTO {name} {select}");
    }

    private async Task RewriteAsync(string name)
    {
        var path = Path.Combine(_lake.Root, "plain.parquet");
        Plain($"COPY (SELECT * FROM {name} ORDER BY hash(a)) TO '{path}' (FORMAT parquet)");
        await using var area = await _lake.Writer.OpenStagingAsync(CancellationToken.None);
        var files = await area.WriteFilesAsync(area.Connection, $"SELECT * FROM read_parquet('{path}')", TestLake.Id(name), CancellationToken.None);
        await area.CommitReplaceAsync(TestLake.Id(name), files, new Dictionary<string, string>(), CancellationToken.None);
    }

    /// <summary>Every third of the keys is deleted, the others are put.</summary>
    private async Task MergeAsync(string name, string columns, string[] key, IReadOnlyList<int> numbers, int round, LakeWriter? writer = null)
    {
        var select = string.Create(CultureInfo.InvariantCulture, $"SELECT {columns}, {round + 1} AS v, k % 3 = 0 AS gone FROM (SELECT unnest([{string.Join(", ", numbers)}]) AS k) AS r");
        await using (var area = await (writer ?? _lake.Writer).OpenStagingAsync(CancellationToken.None))
        {
            await area.MergeAsync(TestLake.Id(name), select, key, "gone", new Dictionary<string, string>(), CancellationToken.None);
        }

        Plain($"DELETE FROM {name} AS t USING ({select}) AS c WHERE {string.Join(" AND ", key.Select(k => $"t.{k} = c.{k}"))}; INSERT INTO {name} SELECT * EXCLUDE (gone) FROM ({select}) AS c WHERE NOT gone");
    }

    private async Task AssertSameAsync(string name)
    {
        const string Sum = "SELECT count(*)::VARCHAR, sum(v)::VARCHAR, bit_xor(hash(t))::VARCHAR, count(DISTINCT hash(t))::VARCHAR FROM";
        using var command = _plain.CreateCommand();
        command.CommandText = $"{Sum} {name} AS t";
        using var reader = command.ExecuteReader();
        Assert.True(reader.Read());
        var expected = string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(reader.GetString));
        Assert.Equal([expected], await _lake.RowsAsync(name, $"{Sum} t"));
    }

    private static List<string> Lines(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var lines = new List<string>();
        while (reader.Read())
        {
            lines.Add(reader.GetString(0));
        }

        return lines;
    }

    private string TablePath(string name) =>
        Directory.EnumerateDirectories(Path.Combine(_lake.Root, "lake"), "data", SearchOption.AllDirectories).Select(d => Path.GetDirectoryName(d)!).Single(d => d.Contains($"/{name}", StringComparison.Ordinal));

    private List<string> IndexFiles() => [.. Directory.EnumerateFiles(_lake.Root, "*" + KeyIndexes.Extension, SearchOption.AllDirectories)];

    private LakeWriter NewWriter(WriterOptions? options = null) => new(_lake.NewCatalog(), _lake.IO, null, options ?? _lake.Options, TimeProvider.System);

    private void Plain(string sql)
    {
        using var command = _plain.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }
}
