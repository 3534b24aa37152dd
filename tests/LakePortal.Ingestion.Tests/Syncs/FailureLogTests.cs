using System.Collections.Concurrent;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LakePortal.Ingestion.Tests.Syncs;

/// <summary>What an operator finds in the log: a line for what was to be expected, a stack only for what was not.</summary>
[Collection(PostgresTests.Name)]
public sealed class FailureLogTests(PostgresServer server)
{
    [Fact]
    public async Task A_source_that_is_away_and_a_table_that_is_gone_are_one_line_each()
    {
        using var log = new Lines();
        await using var lake = await IngestionLake.StartAsync(server, configure: s => s.AddSingleton<ILoggerProvider>(log));
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY)");
        await lake.SyncAsync("public.t");
        await lake.ExecuteAsync("DROP TABLE t");
        Assert.Equal(RunState.Failed, (await lake.RunAsync("src_t")).State);
        await lake.ApplyAsync(lake.SourceYaml().Replace($"port: {server.Port}", $"port: {PostgresServer.FreePort()}", StringComparison.Ordinal));
        Assert.Equal(RunState.Failed, (await lake.RunAsync("src_t")).State);

        var lines = log.Of("LakePortal.Ingestion").ToList();
        Assert.Equal(2, lines.Count);
        Assert.All(lines, l => Assert.Null(l.Error));
        Assert.Contains("ingestion.table-missing: The table public.t does not exist in source 'src'.", lines[0].Text, StringComparison.Ordinal);
        Assert.Contains("refuses connections", lines[1].Text, StringComparison.Ordinal);
        Assert.Contains("gave up after 4 attempts", lines[1].Text, StringComparison.Ordinal);
        Assert.All(lines, l => Assert.DoesNotContain('\n', l.Text));
    }

    [Fact]
    public async Task A_faulty_document_is_an_answer_and_no_event()
    {
        using var log = new Lines();
        await using var lake = await IngestionLake.StartAsync(server, configure: s => s.AddSingleton<ILoggerProvider>(log));

        await Assert.ThrowsAsync<InvalidInputException>(() => lake.SyncAsync("public.t", "mode: nonsense"));

        Assert.Empty(log.Of("LakePortal"));
    }

    private sealed class Lines : ILoggerProvider
    {
        private readonly ConcurrentQueue<(string Category, LogLevel Level, string Text, Exception? Error)> _all = new();

        /// <summary>From warnings up.</summary>
        public IEnumerable<(string Category, LogLevel Level, string Text, Exception? Error)> Of(string category) =>
            _all.Where(l => l.Level >= LogLevel.Warning && l.Category.StartsWith(category, StringComparison.Ordinal));

        public ILogger CreateLogger(string categoryName) => new Logger(categoryName, _all);

        public void Dispose()
        {
        }

        private sealed class Logger(string category, ConcurrentQueue<(string, LogLevel, string, Exception?)> all) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                all.Enqueue((category, logLevel, formatter(state, exception), exception));
        }
    }
}
