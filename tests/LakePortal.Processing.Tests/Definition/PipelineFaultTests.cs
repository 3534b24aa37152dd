using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;

namespace LakePortal.Processing.Tests.Definition;

public sealed class PipelineFaultTests : IAsyncLifetime
{
    private ProcessingLake? _processing;

    private ProcessingLake Processing => _processing!;

    public async Task InitializeAsync() => _processing = await ProcessingLake.StartAsync();

    public async Task DisposeAsync() => await Processing.DisposeAsync();

    [Theory]
    [InlineData("after: [b]", "in a circle")]
    [InlineData("after: [nobody]", "no task 'nobody'")]
    [InlineData("after: [a]", "waits for itself")]
    [InlineData("type: train", "not available")]
    [InlineData("write: merge", "needs a key")]
    [InlineData("write: scd2", "not an available way")]
    [InlineData("key: [x, X]", "names a column twice")]
    [InlineData("engine: trino", "no engine 'trino'")]
    [InlineData("checks: [{unique: [x]}]", "not available yet")]
    [InlineData("partition_by: ['days(x)']", "not a partition field")]
    [InlineData("sync: other", "means nothing to a task of type 'sql'")]
    [InlineData("retries: -1", "between 0 and 100")]
    [InlineData("timeout: soon", "duration")]
    [InlineData("tagret: raw.x", "Unknown key 'tagret'")]
    public async Task A_faulty_task_is_refused_with_its_place(string line, string message)
    {
        var error = await FaultAsync($$"""
            kind: pipeline
            name: p
            tasks:
              - name: a
                target: curated.a
                sql: SELECT 1 AS x
                {{line}}
              - {name: b, after: [a], target: curated.b, sql: SELECT 1 AS x}
            """);
        var fault = Assert.Single(error.Faults, f => f.Message.Contains(message, StringComparison.Ordinal));
        Assert.StartsWith("test.yaml:7:", fault.Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_tasks_may_write_one_table_only_one_after_the_other()
    {
        const string Pipeline = """
            kind: pipeline
            name: p
            tasks:
              - {name: a, target: curated.x, sql: SELECT 1 AS x}
              - {name: b, after: [a], target: curated.y, sql: SELECT 1 AS x}
              - {name: c, target: curated.X, write: append, sql: SELECT 2 AS x}
            """;
        var error = await FaultAsync(Pipeline);
        var fault = Assert.Single(error.Faults);
        Assert.StartsWith("test.yaml:6:", fault.Path, StringComparison.Ordinal);
        Assert.Contains("'a' and 'c' write", fault.Message, StringComparison.Ordinal);

        _ = await Processing.ApplyAsync(Pipeline.Replace("{name: c, target: curated.X", "{name: c, after: [b], target: curated.x", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_target_is_a_name_not_a_path()
    {
        var error = await FaultAsync("kind: pipeline\nname: p\ntasks:\n  - {name: a, target: curated.../../x, sql: SELECT 1 AS x}");
        Assert.Contains("cannot be the name of a table", Assert.Single(error.Faults).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("schedule: '0 0 2 * *'", "five fields")]
    [InlineData("schedule: sometimes", "not a cron expression")]
    [InlineData("timezone: Europe/Atlantis", "no time zone")]
    [InlineData("when_changed: [curated.a]", "start itself for ever")]
    [InlineData("when_changed: [orders]", "not a table name")]
    [InlineData("params: {today: 1}", "built in")]
    [InlineData("params: {list: [1]}", "must be a text, a number")]
    [InlineData("params: {d: '{{ tody }}'}", "no parameter 'tody'")]
    [InlineData("concurrency: 0", "between 1 and 16")]
    [InlineData("overlap: maybe", "none of skip, queue")]
    public async Task A_faulty_pipeline_is_refused_with_its_place(string line, string message)
    {
        var error = await FaultAsync($$"""
            kind: pipeline
            name: p
            {{line}}
            tasks:
              - {name: a, target: curated.a, sql: SELECT 1 AS x}
            """);
        var fault = Assert.Single(error.Faults, f => f.Message.Contains(message, StringComparison.Ordinal));
        Assert.StartsWith("test.yaml:3:", fault.Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT 1 FORM x", "SQL syntax")]
    [InlineData("DROP TABLE x", "")]
    [InlineData("SELECT * FROM read_csv('/etc/passwd')", "")]
    [InlineData("SELECT '{{ nobody }}'", "no parameter 'nobody'")]
    public async Task A_statement_that_can_never_run_is_refused(string sql, string message)
    {
        var error = await FaultAsync($$"""
            kind: pipeline
            name: p
            tasks:
              - name: a
                target: curated.a
                sql: {{System.Text.Json.JsonSerializer.Serialize(sql)}}
            """);
        var fault = Assert.Single(error.Faults);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.StartsWith("test.yaml:6:", fault.Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tables_that_tasks_before_will_make_need_not_be_there_yet()
    {
        var changes = await Processing.ApplyAsync("""
            kind: pipeline
            name: p
            tasks:
              - {name: a, target: refined.a, sql: SELECT 1 AS x}
              - {name: b, after: [a], target: curated.b, sql: SELECT x FROM refined.a}
            """);
        Assert.Equal(ChangeAction.Create, Assert.Single(changes).Action);
    }

    [Fact]
    public async Task Applying_again_changes_nothing_and_an_edit_shows_what_it_changes()
    {
        const string Yaml = """
            kind: pipeline
            name: p
            schedule: "0 0 2 * * ?"
            timezone: Europe/Berlin
            params: {day: "{{ yesterday }}"}
            tasks:
              - {name: a, target: refined.a, sql: SELECT 1 AS x, retries: 5, timeout: 30s}
            """;
        await Processing.ApplyAsync(Yaml);
        Assert.Equal(ChangeAction.Unchanged, Assert.Single(await Processing.ApplyAsync(Yaml)).Action);
        var edit = Assert.Single(await Processing.ApplyAsync(Yaml.Replace("Europe/Berlin", "UTC", StringComparison.Ordinal)));
        Assert.Equal(ChangeAction.Update, edit.Action);
        Assert.Equal("timezone: Europe/Berlin → UTC", Assert.Single(edit.Details));
        var exported = await Processing.Lake.SendAsync(new ExportObject("pipeline", "p"));
        Assert.Equal(ChangeAction.Unchanged, Assert.Single(await Processing.ApplyAsync(exported.Yaml)).Action);
    }

    private Task<InvalidInputException> FaultAsync(string yaml) => Assert.ThrowsAsync<InvalidInputException>(() => Processing.ApplyAsync(yaml));
}
