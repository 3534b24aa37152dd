using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Tables;
using LakePortal.Kernel.Errors;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Contracts.Tables;
using LakePortal.Serving.Tables;

namespace LakePortal.Serving.Tests.Tables;

public sealed class TableTests(ServingLake serving) : IClassFixture<ServingLake>
{
    [Fact]
    public async Task A_table_is_shown_as_it_was_written()
    {
        await serving.WriteAsync("curated.shown", "SELECT i::BIGINT AS id, 'x' || i AS name, i::DECIMAL(12,2) AS amount FROM range(10) t(i)", WriteMode.Append);
        var second = await serving.WriteAsync("curated.shown", "SELECT 10::BIGINT AS id, 'y' AS name, 1.5::DECIMAL(12,2) AS amount", WriteMode.Append);

        var summary = Assert.Single(await serving.Lake.SendAsync(new ListTables("curated", "SHOWN")));
        Assert.Equal((11L, 2, 3), (summary.Rows!.Value, summary.Files!.Value, summary.Columns));

        var table = await serving.Lake.SendAsync(new GetTable("curated", "shown"));
        Assert.Equal(["id:long", "name:string", "amount:decimal(12, 2)"], table.Schema.Select(c => $"{c.Name}:{c.Type}"));
        Assert.Equal(2, table.Snapshots.Count);
        Assert.Equal(second.SnapshotId!.Value, long.Parse(table.Snapshots[0].SnapshotId, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal((1L, 11L), (table.Snapshots[0].AddedRows, table.Snapshots[0].TotalRows!.Value));
        Assert.All(table.Health, h => Assert.Equal("good", h.State));

        var files = await serving.Lake.SendAsync(new ListTableFiles("curated", "shown"));
        Assert.Equal(2, files.Total);
        Assert.Equal(11, files.Files.Sum(f => f.Rows));
        Assert.Equal(1, (await serving.Lake.SendAsync(new ListTableFiles("curated", "shown", table.Snapshots[1].SnapshotId))).Total);

        var now = await serving.Lake.SendAsync(new PreviewTable("curated", "shown", Limit: 100));
        var then = await serving.Lake.SendAsync(new PreviewTable("curated", "shown", table.Snapshots[1].SnapshotId, 100));
        Assert.Equal((11, 10), (now.Rows.Count, then.Rows.Count));

        var completion = (await serving.Lake.SendAsync(new GetCompletions())).Single(c => c.Table == "curated.shown");
        Assert.Equal(["id", "name", "amount"], completion.Columns.Select(c => c.Name));
    }

    [Fact]
    public async Task A_hidden_table_looks_absent_everywhere()
    {
        await serving.WriteAsync("curated.secret", "SELECT 1 AS x");
        serving.Door.Hidden.Add(new TableIdentifier("curated", "secret"));
        Assert.DoesNotContain(await serving.Lake.SendAsync(new ListTables()), t => t.Name == "secret");
        Assert.DoesNotContain(await serving.Lake.SendAsync(new GetCompletions()), t => t.Table == "curated.secret");
        var hidden = await Assert.ThrowsAsync<TableNotFoundException>(() => serving.Lake.SendAsync(new GetTable("curated", "secret")));
        var absent = await Assert.ThrowsAsync<TableNotFoundException>(() => serving.Lake.SendAsync(new GetTable("curated", "absent")));
        Assert.Equal(absent.Message.Replace("absent", "secret", StringComparison.Ordinal), hidden.Message);
        await Assert.ThrowsAnyAsync<LakePortalException>(() => serving.Lake.SendAsync(new PreviewTable("curated", "secret")));
    }

    [Fact]
    public async Task A_dropped_table_is_gone_and_its_name_is_free()
    {
        await serving.WriteAsync("curated.dropped", "SELECT 1 AS x");
        await serving.Lake.SendAsync(new DropTable("curated", "dropped"));
        await Assert.ThrowsAsync<TableNotFoundException>(() => serving.Lake.SendAsync(new GetTable("curated", "dropped")));
        await serving.WriteAsync("curated.dropped", "SELECT 'text' AS x");
        Assert.Equal("text", (string?)(await serving.Lake.SendAsync(new PreviewTable("curated", "dropped"))).Rows[0][0]);
    }

    [Fact]
    public async Task A_registration_with_a_malformed_mapping_is_refused()
    {
        var error = await Assert.ThrowsAsync<InvalidInputException>(
            () => serving.Lake.SendAsync(new RegisterTable("raw.adopted", "/nowhere/v1.metadata.json", ["s3://bucket/"])));
        Assert.Equal("map[0]", Assert.Single(error.Faults).Path);
        await Assert.ThrowsAnyAsync<LakePortalException>(
            () => serving.Lake.SendAsync(new RegisterTable("raw.adopted", "/nowhere/v1.metadata.json", [])));
    }

    [Theory]
    [InlineData(1, 100, "good")]
    [InlineData(50, 100_000, "warn")]
    [InlineData(200, 100_000, "bad")]
    [InlineData(200, 100_000_000, "good")]
    public void Many_small_files_are_unhealthy(int files, long bytes, string state)
    {
        var data = Enumerable.Range(0, files).Select(i => new ContentFile
        {
            Content = FileContent.Data, Path = $"file:///{i}.parquet", SpecId = 0, RecordCount = 10, FileSizeInBytes = bytes,
        }).ToList();
        var health = TableHealthRules.SmallFiles(data);
        Assert.Equal(state, health.State);
        Assert.Equal(state == "good", health.Recommendation is null);
    }
}
