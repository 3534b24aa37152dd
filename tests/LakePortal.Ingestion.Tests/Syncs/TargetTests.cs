using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Processing;
using LakePortal.TestSupport;

namespace LakePortal.Ingestion.Tests.Syncs;

/// <summary>Each table of a sync has one writer, whatever else is configured.</summary>
[Collection(PostgresTests.Name)]
public sealed class TargetTests(PostgresServer server)
{
    [Theory]
    [InlineData("refined: refined.src_a", "refined.src_a")]
    [InlineData("raw: raw.src_a", "raw.src_a")]
    [InlineData("raw: refined.src_a", "refined.src_a")]
    public async Task A_table_of_another_sync_is_refused(string line, string table)
    {
        await using var lake = await StartAsync();
        await lake.SyncAsync("public.a");

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.ApplyAsync($"kind: sync\nsource: src\ntables: [public.b]\n{line}"));

        var fault = Assert.Single(error.Faults);
        Assert.Contains($"The sync 'src_a' writes to {table} already", fault.Message, StringComparison.Ordinal);
        Assert.NotNull(fault.Hint);
        Assert.StartsWith("test.yaml:4:", fault.Path, StringComparison.Ordinal);
        Assert.Equal(["src_a"], await NamesAsync(lake));
    }

    [Fact]
    public async Task Documents_of_one_call_are_refused_together_and_none_is_applied()
    {
        await using var lake = await StartAsync();

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.ApplyAsync(lake.SourceYaml(),
            "kind: sync\nsource: src\ntables: [public.a]\nraw: raw.both", "kind: sync\nsource: src\ntables: [public.b]\nraw: raw.both"));

        Assert.Contains("The sync 'src_a' writes to raw.both already", Assert.Single(error.Faults).Message, StringComparison.Ordinal);
        Assert.Empty(await NamesAsync(lake));
    }

    [Fact]
    public async Task All_tables_of_a_pattern_into_one_are_refused_and_so_is_raw_as_refined()
    {
        await using var lake = await StartAsync();

        var pattern = await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync("\"public.*\"", "raw: raw.all"));
        var same = await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync("public.a", "raw: lake.t\nrefined: lake.t"));

        Assert.Contains("The sync 'src_a' writes to raw.all already", Assert.Single(pattern.Faults).Message, StringComparison.Ordinal);
        Assert.Contains("raw and refined at once", Assert.Single(same.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_the_same_call_gives_up_is_free()
    {
        await using var lake = await StartAsync();
        await lake.SyncAsync("public.a", "raw: raw.first");

        await lake.ApplyAsync("kind: sync\nsource: src\ntables: [public.b]\nraw: raw.first", "kind: sync\nsource: src\ntables: [public.a]\nraw: raw.second");
        await lake.Lake.SendAsync(new ApplyConfiguration([new ConfigText("test.yaml", "kind: sync\nsource: src\nname: other\ntables: [public.a]\nraw: raw.first")], DryRun: false, Prune: true));

        Assert.Equal(["other"], await NamesAsync(lake));
    }

    [Theory]
    [InlineData("raw.src_a", "Pipelines do not write to 'raw'")]
    [InlineData("refined.src_a", "The sync 'src_a' writes to refined.src_a already")]
    public async Task A_pipeline_into_a_table_of_a_sync_is_refused(string target, string message)
    {
        await using var lake = await StartAsync();
        await lake.SyncAsync("public.a");

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.ApplyAsync(Pipeline(target)));

        var fault = Assert.Single(error.Faults);
        Assert.StartsWith("test.yaml:4:", fault.Path, StringComparison.Ordinal);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.NotNull(fault.Hint);
    }

    [Fact]
    public async Task A_sync_into_a_target_of_a_pipeline_is_refused()
    {
        await using var lake = await StartAsync();
        await lake.ApplyAsync(Pipeline("refined.src_a"));

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync("public.a"));

        Assert.Contains("The pipeline 'p' writes to refined.src_a already", Assert.Single(error.Faults).Message, StringComparison.Ordinal);
        Assert.Empty(await NamesAsync(lake));
    }

    [Fact]
    public async Task A_sync_and_a_pipeline_of_one_call_are_refused_whatever_their_order()
    {
        await using var lake = await StartAsync();

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => lake.ApplyAsync(Pipeline("refined.src_a"), lake.SourceYaml(), "kind: sync\nsource: src\ntables: [public.a]"));

        Assert.Contains("The sync 'src_a' writes to refined.src_a already", Assert.Single(error.Faults).Message, StringComparison.Ordinal);
        Assert.Empty(await NamesAsync(lake));
    }

    [Fact]
    public async Task A_pipeline_that_runs_the_sync_whose_table_starts_it_is_refused()
    {
        await using var lake = await StartAsync();
        await lake.SyncAsync("public.a");

        var error = await Assert.ThrowsAsync<InvalidInputException>(() =>
            lake.ApplyAsync("kind: pipeline\nname: p\nwhen_changed: [refined.src_a]\ntasks:\n  - {name: t, sync: src_a}"));

        Assert.Contains("p → refined.src_a → p", Assert.Single(error.Faults).Message, StringComparison.Ordinal);
    }

    private async Task<IngestionLake> StartAsync()
    {
        var lake = await IngestionLake.StartAsync(server, more: new ProcessingModule());
        await lake.ExecuteAsync("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)");
        return lake;
    }

    private static string Pipeline(string target) => $"kind: pipeline\nname: p\ntasks:\n  - {{name: t, target: {target}, sql: SELECT 1 AS id}}";

    private static async Task<IEnumerable<string>> NamesAsync(IngestionLake lake) => (await lake.Lake.SendAsync(new ListSyncs())).Select(s => s.Name);
}
