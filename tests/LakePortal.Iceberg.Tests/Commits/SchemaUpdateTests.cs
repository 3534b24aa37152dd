using LakePortal.Iceberg.Catalog;
using LakePortal.Iceberg.Schemas;
using LakePortal.Iceberg.Tables;
using LakePortal.Iceberg.Tests.Support;

namespace LakePortal.Iceberg.Tests.Commits;

public sealed class SchemaUpdateTests : IDisposable
{
    private readonly Lake _lake = new();

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task Ids_are_assigned_level_by_level_and_never_again()
    {
        var table = await _lake.CreateOrdersAsync();
        Assert.Equal(
            [(1, "id"), (2, "region"), (3, "created_at"), (4, "amount"), (5, "score"), (6, "address"), (7, "city"), (8, "tags"), (9, "element")],
            SchemaFields.Walk(table.Schema.Fields).Select(f => (f.Id, f.Name)).OrderBy(f => f.Id));

        table = await table.UpdateSchemaAsync(u => u.DropColumn("region"), default);
        table = await table.UpdateSchemaAsync(u => u.AddColumn(null, "region", PrimitiveType.Int, "a number now").AddColumn("address", "street", PrimitiveType.String), default);

        Assert.Equal((10, PrimitiveType.Int, "a number now"), (table.Schema.Find("region")!.Id, table.Schema.Find("region")!.Type, table.Schema.Find("region")!.Doc));
        Assert.Equal([7, 8, 11], ((StructType)table.Schema.Find("address")!.Type).Fields.Select(f => f.Id));
        Assert.Equal(11, table.Metadata.LastColumnId);
        Assert.Equal([0, 1, 2], table.Metadata.Schemas.Select(s => s.SchemaId));
    }

    [Fact]
    public async Task Renames_promotions_and_docs_keep_the_id()
    {
        var table = await _lake.CreateOrdersAsync();

        table = await table.UpdateSchemaAsync(
            u => u.RenameColumn("address.city", "town").PromoteColumn("amount", PrimitiveType.Decimal(20, 2)).SetDoc("score", "0 to 1"), default);

        Assert.Equal("town", SchemaFields.FindById(table.Schema.Fields, 7)!.Name);
        Assert.Equal(PrimitiveType.Decimal(20, 2), table.Schema.FindById(4)!.Type);
        Assert.Equal("0 to 1", table.Schema.FindById(5)!.Doc);
    }

    [Fact]
    public async Task A_change_and_its_reversal_end_in_the_old_schema()
    {
        var table = await _lake.CreateOrdersAsync();
        table = await table.UpdateSchemaAsync(u => u.RenameColumn("region", "area"), default);
        table = await table.UpdateSchemaAsync(u => u.RenameColumn("area", "region"), default);

        Assert.Equal(0, table.Metadata.CurrentSchemaId);
        var before = table.MetadataLocation;
        table = await table.UpdateSchemaAsync(u => u.RenameColumn("region", "region"), default);
        Assert.Equal(before, table.MetadataLocation);
    }

    public static TheoryData<string, Action<ISchemaUpdate>> Forbidden => new()
    {
        { "narrowing", u => u.PromoteColumn("id", PrimitiveType.Int) },
        { "text to number", u => u.PromoteColumn("region", PrimitiveType.Long) },
        { "another scale", u => u.PromoteColumn("amount", PrimitiveType.Decimal(20, 3)) },
        { "a struct to a primitive", u => u.PromoteColumn("address", PrimitiveType.String) },
        { "a partition source", u => u.DropColumn("created_at") },
        { "a key column", u => u.DropColumn("id") },
        { "an optional key column", u => u.MakeOptional("id") },
        { "a name that exists", u => u.RenameColumn("region", "score") },
        { "adding what exists", u => u.AddColumn(null, "region", PrimitiveType.Int) },
        { "a column that is not there", u => u.DropColumn("nothing") },
        { "a list's element", u => u.DropColumn("address.tags.element") },
        { "into a primitive", u => u.AddColumn("region", "x", PrimitiveType.Int) },
        { "a nullable key", u => u.SetIdentifierFields(["region"]) },
        { "a floating key", u => u.SetIdentifierFields(["score"]) },
        { "a version 3 type", u => u.AddColumn(null, "v", new PrimitiveType(PrimitiveKind.Variant)) },
    };

    [Theory]
    [MemberData(nameof(Forbidden))]
    public async Task What_the_rules_forbid_is_refused_and_changes_nothing(string what, Action<ISchemaUpdate> update)
    {
        _ = what;
        var table = await _lake.CreateOrdersAsync(new PartitionBy("created_at", new Transform("day")));

        var e = await Assert.ThrowsAnyAsync<IcebergException>(() => table.UpdateSchemaAsync(update, default));

        Assert.Equal(LakePortal.Kernel.Errors.ErrorKind.Invalid, e.Kind);
        Assert.Equal(table.MetadataLocation, (await table.RefreshAsync(default)).MetadataLocation);
    }

    [Fact]
    public async Task Concurrent_changes_to_the_schema_are_all_kept()
    {
        var table = await _lake.CreateOrdersAsync();

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => table.UpdateSchemaAsync(u => u.AddColumn(null, $"c{i}", PrimitiveType.Int), default)));

        table = await table.RefreshAsync(default);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"c{i}"), table.Schema.Fields.Select(f => f.Name).Where(n => n[0] == 'c' && n.Length == 2).Order());
        Assert.Equal(10, table.Schema.Fields.Skip(6).Select(f => f.Id).Distinct().Count());
    }

    [Fact]
    public async Task Properties_are_set_and_removed()
    {
        var table = await _lake.CreateOrdersAsync();
        table = await table.UpdatePropertiesAsync(new Dictionary<string, string?> { ["a"] = "1", ["b"] = "2" }, default);
        table = await table.UpdatePropertiesAsync(new Dictionary<string, string?> { ["a"] = null, ["c"] = "3" }, default);

        Assert.Equal(("2", "3", false), (table.Metadata.Properties["b"], table.Metadata.Properties["c"], table.Metadata.Properties.ContainsKey("a")));
        await Assert.ThrowsAsync<InvalidTableDefinitionException>(() =>
            table.UpdatePropertiesAsync(new Dictionary<string, string?> { ["commit.retry.num-retries"] = "many" }, default));
    }
}
