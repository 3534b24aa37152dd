using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using Xunit;

namespace LakePortal.Iceberg.Tests;

/// <summary>
/// What every <see cref="ICatalogStore"/> must do. A test project of an implementation links this file and derives from it; each test asks for a
/// store that is empty, and may open it a second time as another process would.
/// </summary>
public abstract class CatalogStoreContract
{
    /// <summary>A further view of the store under test: another connection to the same tables.</summary>
    protected abstract Task<ICatalogStore> OpenAsync();

    [Fact]
    public async Task A_table_that_was_created_is_found_with_all_it_was_created_with()
    {
        var store = await OpenAsync();
        var pointer = Pointer("raw", "orders") with
        {
            ReadOnly = true, LocationMap = [new LocationMapping("s3://bucket/", "/data/"), new LocationMapping("relative/", "/other dir/")],
        };

        Assert.True(await store.TryCreateAsync(pointer, default));

        var found = await (await OpenAsync()).FindAsync(pointer.Identifier, default);
        Assert.NotNull(found);
        Assert.Equal(pointer with { LocationMap = null }, found with { LocationMap = null });
        Assert.Equal(pointer.LocationMap, found.LocationMap);
    }

    [Fact]
    public async Task A_table_without_location_mappings_comes_back_without_any()
    {
        var store = await OpenAsync();
        await store.TryCreateAsync(Pointer("raw", "orders"), default);

        var found = await store.FindAsync(new TableIdentifier("raw", "orders"), default);

        Assert.NotNull(found);
        Assert.True(found.LocationMap is null or { Count: 0 });
        Assert.False(found.ReadOnly);
    }

    [Fact]
    public async Task A_table_that_was_never_created_is_not_found()
    {
        var store = await OpenAsync();

        Assert.Null(await store.FindAsync(new TableIdentifier("raw", "nothing"), default));
        Assert.Empty(await store.ListAsync(null, default));
    }

    [Fact]
    public async Task A_name_is_given_once()
    {
        var store = await OpenAsync();
        var first = Pointer("raw", "orders");
        Assert.True(await store.TryCreateAsync(first, default));

        Assert.False(await store.TryCreateAsync(Pointer("raw", "orders"), default));

        Assert.Equal(first.TableUuid, (await store.FindAsync(first.Identifier, default))!.TableUuid);
    }

    [Theory]
    [InlineData("raw", "Orders")]
    [InlineData("Raw", "orders")]
    [InlineData("raw", "orders.2024")]
    [InlineData("raw", "größe 😀 ' ; --")]
    public async Task Names_keep_their_case_and_every_character(string ns, string name)
    {
        var store = await OpenAsync();
        await store.TryCreateAsync(Pointer("raw", "orders"), default);

        Assert.True(await store.TryCreateAsync(Pointer(ns, name), default));

        Assert.Equal(new TableIdentifier(ns, name), (await store.FindAsync(new TableIdentifier(ns, name), default))!.Identifier);
        Assert.Equal(2, (await store.ListAsync(null, default)).Count);
    }

    [Fact]
    public async Task A_swap_moves_the_pointer_and_counts_the_version_up()
    {
        var store = await OpenAsync();
        var pointer = Pointer("raw", "orders");
        await store.TryCreateAsync(pointer, default);

        Assert.True(await store.TrySwapAsync(pointer, "file:///lake/1.json", default));

        var found = await (await OpenAsync()).FindAsync(pointer.Identifier, default);
        Assert.Equal(("file:///lake/1.json", pointer.Version + 1, pointer.TableUuid), (found!.MetadataLocation, found.Version, found.TableUuid));
    }

    [Fact]
    public async Task A_swap_that_expects_an_older_version_changes_nothing()
    {
        var store = await OpenAsync();
        var pointer = Pointer("raw", "orders");
        await store.TryCreateAsync(pointer, default);
        await store.TrySwapAsync(pointer, "file:///lake/1.json", default);

        Assert.False(await store.TrySwapAsync(pointer, "file:///lake/late.json", default));

        Assert.Equal("file:///lake/1.json", (await store.FindAsync(pointer.Identifier, default))!.MetadataLocation);
    }

    [Fact]
    public async Task A_swap_of_a_table_that_does_not_exist_changes_nothing()
    {
        var store = await OpenAsync();

        Assert.False(await store.TrySwapAsync(Pointer("raw", "nothing"), "file:///lake/1.json", default));

        Assert.Null(await store.FindAsync(new TableIdentifier("raw", "nothing"), default));
    }

    [Fact]
    public async Task A_swap_leaves_a_table_alone_that_was_dropped_and_created_again_at_the_same_version()
    {
        var store = await OpenAsync();
        var first = Pointer("raw", "orders");
        await store.TryCreateAsync(first, default);
        await store.DropAsync(first.Identifier, default);
        var second = Pointer("raw", "orders");
        await (await OpenAsync()).TryCreateAsync(second, default);

        Assert.False(await store.TrySwapAsync(first, "file:///lake/1.json", default));
        Assert.False(await store.TrySwapAsync(first with { TableUuid = second.TableUuid }, "file:///lake/1.json", default));
        Assert.Equal(second.MetadataLocation, (await store.FindAsync(first.Identifier, default))!.MetadataLocation);
        Assert.True(await store.TrySwapAsync(second, "file:///lake/1.json", default));
    }

    [Fact]
    public async Task Of_many_swaps_at_once_exactly_one_wins()
    {
        var pointer = Pointer("raw", "orders");
        await (await OpenAsync()).TryCreateAsync(pointer, default);
        var stores = new List<ICatalogStore>();
        for (var i = 0; i < 8; i++)
        {
            stores.Add(await OpenAsync());
        }

        var current = pointer;
        for (var round = 0; round < 5; round++)
        {
            var expected = current;
            var won = await Task.WhenAll(stores.Select((s, i) => Task.Run(() => s.TrySwapAsync(expected, $"file:///lake/{expected.Version}-{i}.json", default))));

            var winner = Assert.Single(Enumerable.Range(0, won.Length), i => won[i]);
            var found = await stores[0].FindAsync(pointer.Identifier, default);
            Assert.Equal(($"file:///lake/{expected.Version}-{winner}.json", expected.Version + 1), (found!.MetadataLocation, found.Version));
            current = found;
        }
    }

    [Fact]
    public async Task Of_many_creations_of_one_name_exactly_one_wins()
    {
        var stores = new List<ICatalogStore>();
        for (var i = 0; i < 6; i++)
        {
            stores.Add(await OpenAsync());
        }

        var pointers = stores.Select(_ => Pointer("raw", "orders")).ToList();
        var won = await Task.WhenAll(stores.Select((s, i) => Task.Run(() => s.TryCreateAsync(pointers[i], default))));

        var winner = Assert.Single(Enumerable.Range(0, won.Length), i => won[i]);
        Assert.Equal(pointers[winner].TableUuid, (await stores[0].FindAsync(pointers[0].Identifier, default))!.TableUuid);
    }

    [Fact]
    public async Task Tables_are_listed_by_identifier_in_ordinal_order()
    {
        var store = await OpenAsync();
        foreach (var (ns, name) in new[] { ("raw", "b"), ("refined", "a"), ("raw", "a"), ("raw", "Z"), ("raw", "ä") })
        {
            await store.TryCreateAsync(Pointer(ns, name), default);
        }

        Assert.Equal(["raw.Z", "raw.a", "raw.b", "raw.ä", "refined.a"], (await store.ListAsync(null, default)).Select(p => p.Identifier.ToString()));
        Assert.Equal(["refined.a"], (await store.ListAsync("refined", default)).Select(p => p.Identifier.ToString()));
        Assert.Empty(await store.ListAsync("ref", default));
    }

    [Fact]
    public async Task A_dropped_table_is_gone_and_its_name_is_free()
    {
        var store = await OpenAsync();
        var pointer = Pointer("raw", "orders");
        await store.TryCreateAsync(pointer, default);

        Assert.True(await store.DropAsync(pointer.Identifier, default));
        Assert.False(await store.DropAsync(pointer.Identifier, default));

        Assert.Null(await store.FindAsync(pointer.Identifier, default));
        Assert.False(await store.TrySwapAsync(pointer, "file:///lake/1.json", default));
        var again = Pointer("raw", "orders");
        Assert.True(await store.TryCreateAsync(again, default));
        Assert.Equal(again.TableUuid, (await store.FindAsync(again.Identifier, default))!.TableUuid);
    }

    private static TablePointer Pointer(string ns, string name) =>
        new(new TableIdentifier(ns, name), Guid.NewGuid(), $"file:///lake/{ns}/{name}/metadata/00000-{Guid.NewGuid()}.metadata.json", 0);
}
