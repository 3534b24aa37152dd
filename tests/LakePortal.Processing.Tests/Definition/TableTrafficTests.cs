using LakePortal.Kernel.Errors;
using LakePortal.Processing.Contracts.Pipelines;

namespace LakePortal.Processing.Tests.Definition;

/// <summary>Pipelines that would start each other for ever, and tables that nobody makes.</summary>
public sealed class TableTrafficTests : IAsyncLifetime
{
    private ProcessingLake? _processing;

    private ProcessingLake Processing => _processing!;

    public async Task InitializeAsync() => _processing = await ProcessingLake.StartAsync();

    public async Task DisposeAsync() => await Processing.DisposeAsync();

    [Fact]
    public async Task Pipelines_that_start_each_other_are_refused_and_the_circle_is_named()
    {
        await Processing.ApplyAsync(Pipeline("a", "curated.c", "curated.a"));
        await Processing.ApplyAsync(Pipeline("b", "curated.a", "curated.b"));

        var error = await Assert.ThrowsAsync<InvalidInputException>(() => Processing.ApplyAsync(Pipeline("c", "curated.b", "curated.c")));

        var fault = Assert.Single(error.Faults);
        Assert.Contains("c → curated.c → a → curated.a → b → curated.b → c", fault.Message, StringComparison.Ordinal);
        Assert.Equal("test.yaml:3:16", fault.Path);
        Assert.DoesNotContain(await Processing.Lake.SendAsync(new ListPipelines()), p => p.Name == "c");
    }

    [Fact]
    public async Task A_circle_among_the_documents_of_one_call_is_told_once()
    {
        var error = await Assert.ThrowsAsync<InvalidInputException>(() =>
            Processing.ApplyAsync($"{Pipeline("a", "curated.b", "curated.a")}---\n{Pipeline("b", "curated.a", "curated.b")}"));

        Assert.Contains("a → curated.a → b → curated.b → a", Assert.Single(error.Faults).Message, StringComparison.Ordinal);
        Assert.Empty(await Processing.Lake.SendAsync(new ListPipelines()));
    }

    [Fact]
    public async Task A_circle_that_the_same_call_opens_is_none()
    {
        await Processing.ApplyAsync(Pipeline("a", "curated.b", "curated.a"));

        await Processing.ApplyAsync($"{Pipeline("a", "curated.other", "curated.a")}---\n{Pipeline("b", "curated.a", "curated.b")}");

        Assert.Equal(2, (await Processing.Lake.SendAsync(new ListPipelines())).Count);
    }

    [Fact]
    public async Task A_chain_that_meets_again_is_no_circle_and_pipelines_may_share_a_target()
    {
        await Processing.ApplyAsync(Pipeline("a", "raw.x", "curated.a"));
        await Processing.ApplyAsync(Pipeline("b", "curated.a", "curated.d"));
        await Processing.ApplyAsync(Pipeline("c", "curated.a", "curated.d"));
        await Processing.ApplyAsync(Pipeline("d", "curated.d", "curated.e"));

        Assert.Equal(4, (await Processing.Lake.SendAsync(new ListPipelines())).Count);
    }

    [Fact]
    public async Task Only_a_missing_table_that_nothing_makes_is_a_warning()
    {
        var change = Assert.Single(await Processing.ApplyAsync("""
            kind: pipeline
            name: p
            tasks:
              - {name: a, target: refined.a, sql: SELECT * FROM raw.nobody_makes_it}
              - {name: b, after: [a], target: curated.b, sql: SELECT * FROM refined.a}
            """));

        var warning = Assert.Single(change.Warnings);
        Assert.Contains("raw.nobody_makes_it", warning, StringComparison.Ordinal);
        Assert.StartsWith("test.yaml:4:", warning, StringComparison.Ordinal);
    }

    private static string Pipeline(string name, string waitsFor, string target) =>
        $$"""
        kind: pipeline
        name: {{name}}
        when_changed: [{{waitsFor}}]
        tasks:
          - {name: t, target: {{target}}, sql: SELECT 1 AS x}

        """;
}
