using LakePortal.Kernel.Errors;
using LakePortal.Portal.Pages.Sql;
using LakePortal.Portal.Tests.Support;
using LakePortal.Serving.Contracts.Queries;
using Microsoft.Extensions.Time.Testing;

namespace LakePortal.Portal.Tests.Pages;

public sealed class QueryRunTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 10, 15, 0, TimeSpan.Zero);
    private readonly FakeSender _sender = SampleLake.Arrange(new FakeSender(), Now);
    private readonly FakeTimeProvider _time = new(Now);
    private readonly QueryRun _run = new();

    [Fact]
    public async Task An_answer_makes_it_succeeded()
    {
        await ExecuteAsync();
        Assert.Equal(QueryState.Succeeded, _run.State);
        Assert.Equal(500, _run.Answer!.Rows.Count);
        Assert.Equal(_run.QueryId, _sender.Requests<ExecuteQuery>().Single().QueryId);
    }

    [Theory]
    [InlineData("Syntax error at line 2, column 7.")]
    [InlineData("Line 2 column 7: unexpected FROM")]
    public async Task Line_and_column_of_an_error_are_found(string message)
    {
        _sender.On<ExecuteQuery>(_ => throw new InvalidInputException(message, "Check the statement."));
        await ExecuteAsync();
        Assert.Equal((QueryState.Failed, (2, 7)), (_run.State, _run.Position));
    }

    [Fact]
    public async Task Line_and_column_may_also_be_the_path_of_a_fault()
    {
        _sender.On<ExecuteQuery>(_ => throw new InvalidInputException("It cannot be read.", null, new InputFault("line 3, column 12", "unknown column")));
        await ExecuteAsync();
        Assert.Equal((3, 12), _run.Position);
    }

    [Theory]
    [InlineData("SELECT order_date,\n  revenu\nFROM curated.sales_daily", 2, 3)]
    [InlineData("SELECT revenu, revenu FROM curated.sales_daily", 0, 0)]
    [InlineData("SELECT t.revenues FROM t", 0, 0)]
    public async Task A_name_that_stands_in_one_place_only_is_found_there(string sql, int line, int column)
    {
        _sender.On<ExecuteQuery>(_ => throw new InvalidInputException("There is no column 'revenu'.", "Did you mean revenue?"));
        await _run.ExecuteAsync(_sender, _time, sql, 1000, () => Task.CompletedTask, CancellationToken.None);
        (int Line, int Column)? expected = line == 0 ? null : (line, column);
        Assert.Equal(expected, _run.Position);
    }

    [Fact]
    public async Task Cancelling_asks_the_engine_with_the_id_of_the_query_and_ends_as_cancelled()
    {
        var started = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        _sender.OnAsync(typeof(ExecuteQuery), async (_, _) =>
        {
            started.SetResult();
            await cancelled.Task;
            throw new OperationCanceledException();
        });
        _sender.On<CancelQuery>(_ => cancelled.TrySetResult());
        var running = ExecuteAsync();
        await started.Task;
        Assert.Equal(QueryState.Running, _run.State);
        await _run.CancelAsync(_sender, CancellationToken.None);
        await running;
        Assert.Equal(QueryState.Cancelled, _run.State);
        Assert.Equal(_run.QueryId, _sender.Requests<CancelQuery>().Single().QueryId);
    }

    private Task ExecuteAsync() => _run.ExecuteAsync(_sender, _time, "SELECT\n 1", 1000, () => Task.CompletedTask, CancellationToken.None);
}
