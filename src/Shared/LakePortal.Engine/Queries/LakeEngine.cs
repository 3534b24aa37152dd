using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Engine.Queries.Analysis;
using LakePortal.Engine.Queries.Binding;
using LakePortal.Engine.Queries.Results;
using LakePortal.Engine.Queries.Running;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;

namespace LakePortal.Engine.Queries;

internal sealed class LakeEngine : ILakeEngine, IBoundQueryFactory, ITableScanner, IDisposable
{
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly RunningQueries _running;
    private readonly SqlParser _parser = new();
    private readonly EngineHost _host;
    private readonly QueryQueue _queue;
    private readonly StatementBinder _binder;
    private readonly PlainScan _plain;

    public LakeEngine(ITableCatalog catalog, IQueryAuthorizer? authorizer, EngineOptions options, TimeProvider time, RunningQueries running)
    {
        (_options, _time, _running) = (options, time, running);
        _host = new EngineHost(options);
        _queue = new QueryQueue(options.MaxConcurrentQueries, options.MaxWaitingQueries);
        var layouts = new FileLayouts(new FileSchemaReader(_host));
        _binder = new StatementBinder(catalog, authorizer, _parser, new PolicyCompiler(_parser), layouts, _host.EmptyFile);
        _plain = new PlainScan(layouts, _host.EmptyFile);
    }

    public async Task<ILakeQuery> StartAsync(LakeQueryRequest request, CancellationToken cancellationToken)
    {
        var statement = await PrepareAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            var connection = statement.Connection;
            var native = connection.Connection.NativeConnection;
            var stream = await statement.Ticket
                .RunAsync(() => ArrowStream.Start(native, statement.Bound.Sql), () => DuckDB.NET.Native.NativeMethods.Startup.DuckDBInterrupt(native), cancellationToken)
                .ConfigureAwait(false);
            statement.Ticket.State = QueryState.Streaming;
            return new LakeQuery(statement.Bound, stream, statement.Ticket, connection, statement.ReleaseAsync);
        }
        catch (DuckDBFailure failure)
        {
            await statement.ReleaseAsync().ConfigureAwait(false);
            throw statement.Bound.Errors.Translate(failure.Message);
        }
        catch
        {
            await statement.ReleaseAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async Task<QueryDescription> DescribeAsync(LakeQueryRequest request, CancellationToken cancellationToken)
    {
        var statement = await PrepareAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            return new QueryDescription(await ColumnsAsync(statement, cancellationToken).ConfigureAwait(false), statement.Bound.Tables);
        }
        finally
        {
            await statement.ReleaseAsync().ConfigureAwait(false);
        }
    }

    public async Task<BoundQuery> BindAsync(LakeQueryRequest request, CancellationToken cancellationToken)
    {
        var statement = await PrepareAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            if (statement.Bound.Explain != ExplainMode.None)
            {
                throw new StatementRefusedException("EXPLAIN has no rows to write.", "Give the SELECT itself.");
            }

            var columns = await ColumnsAsync(statement, cancellationToken).ConfigureAwait(false);
            return new BoundQuery(statement.Connection.Connection, statement.Bound.Sql, columns, statement.Bound.Snapshots, statement.ReleaseAsync)
            {
                Deadline = request.Timeout is { } timeout ? statement.Ticket.StartedAt + timeout : null,
            };
        }
        catch
        {
            await statement.ReleaseAsync().ConfigureAwait(false);
            throw;
        }
    }

    public Task<TableRows> ScanAsync(Table table, long snapshotId, IReadOnlyList<string> columns, CancellationToken cancellationToken) =>
        _plain.ScanAsync(table, snapshotId, columns, cancellationToken);

    public void Dispose()
    {
        _host.Dispose();
        _parser.Dispose();
    }

    internal static double? ProgressOf(EngineConnection connection)
    {
        var progress = connection.Connection.GetQueryProgress().Percentage;
        return progress is >= 0 and <= 100 ? progress : null;
    }

    private static async Task<IReadOnlyList<ResultColumn>> ColumnsAsync(PreparedStatement statement, CancellationToken cancellationToken)
    {
        var native = statement.Connection.Connection.NativeConnection;
        try
        {
            return await statement.Ticket.RunAsync(
                () => Describe(statement.Connection.Connection, statement.Bound.Sql),
                () => DuckDB.NET.Native.NativeMethods.Startup.DuckDBInterrupt(native),
                cancellationToken).ConfigureAwait(false);
        }
        catch (DuckDBFailure failure)
        {
            throw statement.Bound.Errors.Translate(failure.Message);
        }
    }

    private static List<ResultColumn> Describe(DuckDBConnection connection, string sql)
    {
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"DESCRIBE ({sql})";
            using var reader = command.ExecuteReader();
            var columns = new List<ResultColumn>();
            while (reader.Read())
            {
                columns.Add(new ResultColumn(reader.GetString(0), reader.GetString(1)));
            }

            return columns;
        }
        catch (DuckDBException e)
        {
            throw new DuckDBFailure(e.Message);
        }
    }

    private async Task<PreparedStatement> PrepareAsync(LakeQueryRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var ticket = new QueryTicket(
            request.QueryId ?? Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture), request.Caller.User, request.Sql, request.Timeout ?? _options.DefaultTimeout, _time);
        var statement = new PreparedStatement(ticket, _running);
        try
        {
            _running.Add(ticket);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ticket.Token);
            try
            {
                statement.Place = await _queue.EnterAsync(request.Caller.User, both.Token).ConfigureAwait(false);
                ticket.State = QueryState.Running;
                statement.Bound = await _binder.BindAsync(request, both.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (both.IsCancellationRequested)
            {
                throw ticket.Stopped(cancellationToken);
            }

            var connection = _host.Connect(statement.Bound.Directories);
            statement.Connection = connection;
            foreach (var deleted in statement.Bound.DeletedPositions)
            {
                deleted.Fill(connection.Connection);
            }

            ticket.ReadProgress = () => ProgressOf(connection);
            return statement;
        }
        catch
        {
            await statement.ReleaseAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>What one statement holds, given back in the right order.</summary>
    private sealed class PreparedStatement(QueryTicket ticket, RunningQueries running)
    {
        private BoundStatement? _bound;
        private EngineConnection? _connection;

        public QueryTicket Ticket { get; } = ticket;

        public IDisposable? Place { get; set; }

        public BoundStatement Bound
        {
            get => _bound ?? throw new InvalidOperationException("The statement has not been bound.");
            set => _bound = value;
        }

        public EngineConnection Connection
        {
            get => _connection ?? throw new InvalidOperationException("The statement has no connection.");
            set => _connection = value;
        }

        public ValueTask ReleaseAsync()
        {
            running.Remove(Ticket);
            Ticket.ReadProgress = null;
            _connection?.Dispose();
            Place?.Dispose();
            Ticket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
