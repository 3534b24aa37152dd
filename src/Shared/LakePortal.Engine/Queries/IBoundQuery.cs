using DuckDB.NET.Data;
using LakePortal.Iceberg;

namespace LakePortal.Engine.Queries;

/// <summary>
/// Prepares a governed SELECT without running it: gate, authorisation, pinned snapshots, binding, row filters and masks. The writer runs
/// its own <c>COPY (…) TO</c> around the result, so the instance behind the connection must let the program read and write below the
/// warehouse's local directory (DuckDB's <c>allowed_directories</c> allows both); the gate has already made sure that the statement itself
/// is a SELECT over governed tables only.
/// </summary>
internal interface IBoundQueryFactory
{
    /// <exception cref="EngineException">As <see cref="ILakeEngine.StartAsync"/>.</exception>
    Task<BoundQuery> BindAsync(LakeQueryRequest request, CancellationToken cancellationToken);
}

/// <summary>
/// A SELECT that is ready to run, alone on its connection. Disposing gives the connection and the memory back and interrupts what runs on it.
/// </summary>
/// <param name="connection">Open; nobody else uses it until this is disposed.</param>
/// <param name="sql">One SELECT, complete in itself (parameters already bound as literals), usable as a subquery: <c>(sql) AS q</c>.</param>
/// <param name="columns">Its result columns with DuckDB type names, in order.</param>
/// <param name="snapshots">The snapshot that each table was pinned at; null: the table has none yet.</param>
/// <param name="release">Runs once on dispose.</param>
internal sealed class BoundQuery(
    DuckDBConnection connection,
    string sql,
    IReadOnlyList<ResultColumn> columns,
    IReadOnlyDictionary<TableIdentifier, long?> snapshots,
    Func<ValueTask> release) : IAsyncDisposable
{
    private Func<ValueTask>? _release = release;

    public DuckDBConnection Connection { get; } = connection;

    public string Sql { get; } = sql;

    public IReadOnlyList<ResultColumn> Columns { get; } = columns;

    public IReadOnlyDictionary<TableIdentifier, long?> Snapshots { get; } = snapshots;

    /// <summary>When the request set a timeout: the moment at which the query must be interrupted.</summary>
    public DateTimeOffset? Deadline { get; init; }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _release, null) is { } run)
        {
            await run();
        }
    }
}
