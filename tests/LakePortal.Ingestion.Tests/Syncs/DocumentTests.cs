using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Errors;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Syncs;

/// <summary>What a document says about its source, held against the source.</summary>
[Collection(PostgresTests.Name)]
public sealed class DocumentTests(PostgresServer server)
{
    [Theory]
    [InlineData("public.ordres", "", "no table public.ordres", "public.orders", "test.yaml:12:10")]
    [InlineData("sales.orders", "", "no table sales.orders", "public.orders", "test.yaml:12:10")]
    [InlineData("public.orders", "cursor: udpated_at", "no column 'udpated_at'", "updated_at", "test.yaml:13:1")]
    [InlineData("public.orders", "key: [id, updatet_at]", "no column 'updatet_at'", "updated_at", "test.yaml:13:11")]
    [InlineData("\"public.*\"", "cursor: updated_at", "public.other has no column 'updated_at'", "Its columns are id", "test.yaml:13:1")]
    public async Task What_the_source_does_not_have_is_refused(string tables, string line, string message, string hint, string place)
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE orders (id int PRIMARY KEY, updated_at timestamp); CREATE TABLE other (id int PRIMARY KEY)");

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync(tables, line));

        var fault = Assert.Single(error.Faults);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Contains(hint, fault.Hint, StringComparison.Ordinal);
        Assert.Equal(place, fault.Path);
        Assert.Empty(await lake.Lake.SendAsync(new ListSyncs()));
    }

    [Fact]
    public async Task A_source_that_cannot_be_asked_is_a_warning()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        var away = lake.SourceYaml().Replace($"port: {server.Port}", $"port: {PostgresServer.FreePort()}", StringComparison.Ordinal);

        var changes = await lake.ApplyAsync(away, "kind: sync\nsource: src\ntables: [public.orders]\ncursor: updated_at");

        var warning = Assert.Single(changes.Single(c => c.Kind == "sync").Warnings);
        Assert.Contains("Whether public.orders is there could not be checked", warning, StringComparison.Ordinal);
        Assert.Contains("refuses connections", warning, StringComparison.Ordinal);
        Assert.StartsWith("test.yaml:", warning, StringComparison.Ordinal);
        Assert.Single(await lake.Lake.SendAsync(new ListSyncs()));
    }

    [Fact]
    public async Task A_namespace_in_upper_case_is_refused_before_it_becomes_another_one()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE orders (id int PRIMARY KEY)");

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync("public.orders", "refined: REFINED.Orders"));

        Assert.Contains("refined.Orders", Assert.Single(error.Faults).Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: ../../etc")]
    [InlineData("name: 'a b'")]
    [InlineData("name: 'shop_{tabel}'")]
    [InlineData("name: 1st")]
    [InlineData("name: ''")]
    public async Task A_name_that_is_none_is_refused_not_changed(string line)
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE orders (id int PRIMARY KEY)");

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync("public.orders", line));

        var fault = Assert.Single(error.Faults);
        Assert.Contains("cannot be the name of a sync", fault.Message, StringComparison.Ordinal);
        Assert.StartsWith("test.yaml:13:", fault.Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("raw: ../../etc.x")]
    [InlineData("raw: raw.../x")]
    [InlineData("refined: refined.a.b")]
    public async Task A_target_that_is_no_name_is_refused(string line)
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE orders (id int PRIMARY KEY)");

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync("public.orders", line));

        Assert.Contains("namespace.table", Assert.Single(error.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tables_whose_names_begin_with_a_digit_get_names_that_do_not()
    {
        await using var lake = await IngestionLake.StartAsync(server);
        await lake.ExecuteAsync("CREATE TABLE \"2024\" (id int PRIMARY KEY)");

        var changes = await lake.SyncAsync("public.2024", "name: '{table}'\nraw: 'raw.{table}'");

        Assert.Equal("_2024", changes.Single(c => c.Kind == "sync").Name);
        await lake.SucceedAsync("_2024");
        Assert.Equal("0", await lake.ScalarAsync("SELECT count(*) FROM raw.\"_2024\""));
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("a/b")]
    public async Task A_sources_name_follows_the_same_rule(string name)
    {
        await using var lake = await IngestionLake.StartAsync(server);

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.ApplyAsync(lake.SourceYaml().Replace("name: src", $"name: {name}", StringComparison.Ordinal)));

        Assert.Contains("cannot be the name of a source", Assert.Single(error.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_key_has_the_line_of_its_document_and_a_wrong_value_its_column()
    {
        await using var lake = await IngestionLake.StartAsync(server);

        var missing = await Assert.ThrowsAsync<InvalidInputException>(() => lake.ApplyAsync("kind: source\nname: a\ntype: postgres\ndatabase: d\nusername: u"));
        var wrong = await Assert.ThrowsAsync<InvalidInputException>(() => lake.ApplyAsync("kind: source\nname: a\ntype: postgres\nhost: h\nport: many\ndatabase: d\nusername: u"));

        Assert.Equal(("test.yaml:1:1", "The key 'host' is missing."), Assert.Single(missing.Faults.Select(f => (f.Path, f.Message))));
        Assert.Equal(("test.yaml:5:7", "'port' must be a whole number."), Assert.Single(wrong.Faults.Select(f => (f.Path, f.Message))));
    }
}
