using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Commits;
using LakePortal.Iceberg.IO;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Tests.Support;

namespace LakePortal.Iceberg.Tests.Catalog;

public sealed class TableCatalogTests : IDisposable
{
    private readonly Lake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task A_table_lies_where_its_name_says_and_is_ready_for_data()
    {
        var table = await _lake.CreateOrdersAsync(new PartitionBy("created_at", new Transform("day")), new PartitionBy("id", new Transform("bucket", 4)));

        Assert.Equal($"file://{_lake.Root}/raw/orders", table.Metadata.Location);
        Assert.True(Directory.Exists(Path.Combine(_lake.Root, "raw/orders/data")));
        Assert.Matches(@"^00000-[0-9a-f-]{36}\.metadata\.json$", Path.GetFileName(table.MetadataLocation));
        Assert.Equal([(3, 1000, "created_at_day"), (1, 1001, "id_bucket")], table.Metadata.DefaultSpec.Fields.Select(f => (f.SourceId, f.FieldId, f.Name)));
        Assert.Equal((2, 1001), (table.Metadata.FormatVersion, table.Metadata.LastPartitionId));
    }

    [Theory]
    [InlineData("raw", "größe & co", "gr%C3%B6%C3%9Fe%20%26%20co")]
    [InlineData("raw", ".hidden", "%2Ehidden")]
    [InlineData("raw", "100%", "100%25")]
    public async Task Directories_are_safe_for_every_name(string ns, string name, string directory)
    {
        var table = await _lake.CreateAsync(new TableIdentifier(ns, name), new Dictionary<string, string>());

        Assert.Equal($"file://{_lake.Root}/{ns}/{directory}", table.Metadata.Location);
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);
        Assert.Single(await table.ListFilesAsync(SnapshotSelector.Current, default));
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("raw", "")]
    [InlineData("raw", "a/b")]
    [InlineData("raw", "..")]
    [InlineData("raw", "a\nb")]
    [InlineData("a.b", "x")]
    [InlineData("raw", " x")]
    public async Task Names_that_would_hurt_are_refused(string ns, string name) =>
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => _lake.CreateAsync(new TableIdentifier(ns, name), new Dictionary<string, string>()));

    [Fact]
    public async Task Definitions_that_make_no_table_are_refused()
    {
        Task Create(IReadOnlyList<NestedField> fields, string[] key, params PartitionBy[] by) =>
            _lake.Catalog.CreateAsync(new CreateTable(Lake.Orders, fields, key, by, new Dictionary<string, string>()), default);
        var id = new NestedField(0, "id", PrimitiveType.Long);
        var ratio = new NestedField(0, "ratio", PrimitiveType.Double);

        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => Create([], []));
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => Create([id, id], []));
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => Create([id], ["nothing"]));
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => Create([ratio], ["ratio"]));
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => Create([id], [], new PartitionBy("id", new Transform("day"))));
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => Create([id], [], new PartitionBy("id", new Transform("zorder"))));
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() => Create([new NestedField(0, "d", PrimitiveType.Decimal(39, 0))], []));
        Assert.Empty(await _lake.Catalog.ListAsync(null, default));
    }

    [Theory]
    [InlineData("raw", "ORDERS")]
    [InlineData("RAW", "orders")]
    [InlineData("RAW", "anything")]
    public async Task A_name_that_differs_by_case_alone_is_refused(string ns, string name)
    {
        _ = await _lake.CreateOrdersAsync();
        var twin = new TableIdentifier(ns, name);
        var error = await Assert.ThrowsAsync<NameDiffersByCaseException>(() => _lake.CreateAsync(twin, new Dictionary<string, string>()));
        Assert.Contains("raw.", error.Hint, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NameDiffersByCaseException>(() => _lake.Catalog.RegisterAsync(twin, "/nowhere/x.metadata.json", [], default));
        Assert.Equal([new TableIdentifier("raw", "orders")], await _lake.Catalog.ListAsync(null, default));
    }

    [Fact]
    public async Task A_name_is_given_once_and_free_again_after_a_drop()
    {
        var first = await _lake.CreateOrdersAsync();
        await Assert.ThrowsAsync<TableExistsException>(() => _lake.CreateOrdersAsync());

        Assert.True(await _lake.Catalog.DropAsync(Lake.Orders, purge: false, default));
        Assert.False(await _lake.Catalog.DropAsync(Lake.Orders, purge: false, default));
        await Assert.ThrowsAsync<TableNotFoundException>(() => _lake.Catalog.LoadAsync(Lake.Orders, default));
        var second = await _lake.CreateOrdersAsync();

        Assert.StartsWith(first.Metadata.Location + "-", second.Metadata.Location, StringComparison.Ordinal);
        Assert.True(File.Exists(Locations.ToLocalPath(first.MetadataLocation)));
    }

    [Fact]
    public async Task Purging_removes_the_files_of_that_table_only()
    {
        var table = await _lake.CreateOrdersAsync();
        var other = await _lake.CreateAsync(new TableIdentifier("raw", "orders2"), new Dictionary<string, string>());
        await File.WriteAllTextAsync(Path.Combine(_lake.Root, "raw/orders/data/a.parquet"), "x");

        await _lake.Catalog.DropAsync(Lake.Orders, purge: true, default);

        Assert.False(Directory.Exists(Locations.ToLocalPath(table.Metadata.Location)));
        Assert.True(File.Exists(Locations.ToLocalPath(other.MetadataLocation)));
    }

    [Fact]
    public async Task Adopted_tables_are_read_where_they_lie_now_and_never_written()
    {
        var table = await _lake.CreateOrdersAsync();
        await File.WriteAllTextAsync(Path.Combine(_lake.Root, "raw/orders/data/a.parquet"), "x");
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);
        var moved = Path.Combine(_lake.Root, "moved");
        Directory.Move(Path.Combine(_lake.Root, "raw"), moved);
        var map = new[] { new LocationMapping($"file://{_lake.Root}/raw/", moved + "/") };

        var adopted = await _lake.Catalog.RegisterAsync(new TableIdentifier("raw", "adopted"), table.MetadataLocation, map, default);

        var file = Assert.Single(await adopted.ListFilesAsync(SnapshotSelector.Current, default));
        Assert.Equal($"file://{_lake.Root}/raw/orders/data/a.parquet", file.Path);
        Assert.Equal(Path.Combine(moved, "orders/data/a.parquet"), adopted.ResolveLocation(file.Path));
        Assert.True(adopted.IsReadOnly);
        await Assert.ThrowsAsync<TableReadOnlyException>(() => adopted.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(adopted, "b")] }, default));
        await Assert.ThrowsAsync<TableReadOnlyException>(() => adopted.UpdatePropertiesAsync(new Dictionary<string, string?> { ["a"] = "b" }, default));
        await _lake.Catalog.DropAsync(adopted.Identifier, purge: true, default);
        Assert.True(File.Exists(Path.Combine(moved, "orders/data/a.parquet")));
    }

    [Fact]
    public async Task Adopting_with_a_mapping_that_does_not_fit_fails_at_once()
    {
        var table = await _lake.CreateOrdersAsync();
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "missing")] }, default);

        await Assert.ThrowsAsync<LakeFileException>(() => _lake.Catalog.RegisterAsync(new TableIdentifier("raw", "adopted"), table.MetadataLocation, [], default));
        await Assert.ThrowsAsync<LakeFileException>(() => _lake.Catalog.RegisterAsync(new TableIdentifier("raw", "adopted"), "s3://bucket/x.metadata.json", [], default));
        Assert.Equal([new TableIdentifier("raw", "orders")], await _lake.Catalog.ListAsync("raw", default));
    }

    [Fact]
    public async Task Adopting_without_a_mapping_names_the_one_that_fits()
    {
        var table = await _lake.CreateOrdersAsync();
        await File.WriteAllTextAsync(Path.Combine(_lake.Root, "raw/orders/data/a.parquet"), "x");
        table = await table.CommitAsync(new SnapshotChange { AddedFiles = [Lake.Data(table, "a")] }, default);
        var moved = Path.Combine(_lake.Root, "moved");
        Directory.Move(Path.Combine(_lake.Root, "raw"), moved);
        var metadata = Path.Combine(moved, Path.GetRelativePath(Path.Combine(_lake.Root, "raw"), Locations.ToLocalPath(table.MetadataLocation)));
        var name = new TableIdentifier("raw", "adopted");

        var error = await Assert.ThrowsAsync<UnmappedLocationException>(() => _lake.Catalog.RegisterAsync(name, metadata, [], default));

        Assert.Equal($"file://{_lake.Root}/raw/orders/={moved}/orders/", error.Map);
        Assert.Contains($"--map '{error.Map}'", error.Hint, StringComparison.Ordinal);
        var split = error.Map.Split('=');
        var adopted = await _lake.Catalog.RegisterAsync(name, metadata, [new LocationMapping(split[0], split[1])], default);
        Assert.Single(await adopted.ListFilesAsync(SnapshotSelector.Current, default));
    }

    [Fact]
    public async Task Adopting_under_a_name_that_exists_says_so_before_anything_else()
    {
        await _lake.CreateOrdersAsync();
        await Assert.ThrowsAsync<TableExistsException>(() => _lake.Catalog.RegisterAsync(Lake.Orders, "/nowhere/x.metadata.json", [], default));
    }

    [Theory]
    [InlineData("s3://b/x", "s3://b/", "/d/", "/d/x")]
    [InlineData("s3://b2/x", "s3://b", "/d", "s3://b2/x")]
    [InlineData("s3://b/x", "s3://b", "/d", "/d/x")]
    [InlineData("data/t/x", "data/", "/d/", "/d/t/x")]
    [InlineData("s3a://b/x", "s3://b/", "/d/", "/d/x")]
    [InlineData("s3://b/x", "s3n://b/", "/d/", "/d/x")]
    [InlineData("s3n://b/x", "s3a://b", "/d", "/d/x")]
    [InlineData("s3a://b2/x", "s3://b", "/d", "s3a://b2/x")]
    public void Prefixes_are_mapped_at_their_borders_only(string location, string from, string to, string expected) =>
        Assert.Equal(expected, Locations.Map(location, [new LocationMapping(from, to)]));

    [Theory]
    [InlineData("file:///a/b", "/a/b")]
    [InlineData("file:/a/b", "/a/b")]
    [InlineData("file://localhost/a/b", "/a/b")]
    [InlineData("/a//b/../c", "/a/c")]
    [InlineData("file:///a/b%20c", "/a/b%20c")]
    public void File_locations_become_paths(string location, string path) => Assert.Equal(path, Locations.ToLocalPath(location));

    [Theory]
    [InlineData("s3://b/x")]
    [InlineData("relative/x")]
    [InlineData("file://elsewhere/x")]
    public void Other_locations_are_refused(string location) => Assert.Throws<LakeFileException>(() => Locations.ToLocalPath(location));

    [Fact]
    public async Task A_file_is_created_whole_and_once()
    {
        var io = new LocalFileIO();
        var location = Locations.FromLocalPath(Path.Combine(_lake.Root, "new/dir/f.bin"));

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await io.CreateAsync(location, new[] { (byte)i, (byte)i }, default);
                return i;
            }
            catch (LakeFileException)
            {
                return -1;
            }
        }));

        var winner = Assert.Single(results, r => r >= 0);
        Assert.Equal([(byte)winner, (byte)winner], (await io.ReadAsync(location, default)).ToArray());
        Assert.Equal([(byte)winner], (await io.ReadRangeAsync(location, 1, 1, default)).ToArray());
        await Assert.ThrowsAsync<LakeFileException>(() => io.ReadRangeAsync(location, 1, 2, default));
        Assert.Single(Directory.GetFiles(Path.Combine(_lake.Root, "new/dir")));
        Assert.True(await io.DeleteAsync(location, default));
        Assert.False(await io.DeleteAsync(location, default));
        await Assert.ThrowsAsync<LakeFileException>(() => io.ReadAsync(location, default));
    }
}
