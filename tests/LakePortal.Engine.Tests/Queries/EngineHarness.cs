using Apache.Arrow;
using LakePortal.Engine.Queries;
using LakePortal.Engine.Queries.Running;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Identity;

namespace LakePortal.Engine.Tests.Queries;

/// <summary>Lets everybody read everything, except what a test forbids, filters or masks.</summary>
internal sealed class FixedAuthorizer : IQueryAuthorizer
{
    public HashSet<TableIdentifier> Hidden { get; } = [];

    public HashSet<(TableIdentifier Table, string Column)> DeniedColumns { get; } = [];

    public Dictionary<TableIdentifier, TableRestriction> Restrictions { get; } = [];

    public List<IReadOnlyList<TableUse>> Asked { get; } = [];

    public Task<AccessDecision> AuthorizeAsync(Caller caller, IReadOnlyList<TableUse> tables, CancellationToken cancellationToken)
    {
        lock (Asked)
        {
            Asked.Add(tables);
        }

        var denied = tables.SelectMany(t => t.Columns.Select(c => (t.Table, c))).FirstOrDefault(DeniedColumns.Contains);
        return Task.FromResult(new AccessDecision(denied.c is null, denied.c is null ? null : $"You may not read {denied.Table}.{denied.c}.", Restrictions));
    }

    public Task<IReadOnlyList<TableIdentifier>> VisibleAsync(Caller caller, IReadOnlyList<TableIdentifier> tables, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<TableIdentifier>>([.. tables.Where(t => !Hidden.Contains(t))]);
}

internal sealed class EngineHarness : IDisposable
{
    public EngineHarness(ITableCatalog catalog, EngineOptions? options = null)
    {
        Engine = new LakeEngine(catalog, Authorizer, options ?? new EngineOptions { MemoryLimit = "512MB", Threads = 2 }, TimeProvider.System, Running);
    }

    public FixedAuthorizer Authorizer { get; } = new();

    public RunningQueries Running { get; } = new();

    public LakeEngine Engine { get; }

    public async Task<IReadOnlyList<string>> RowsAsync(string sql, IReadOnlyDictionary<string, object?>? parameters = null)
    {
        await using var query = await Engine.StartAsync(new LakeQueryRequest(sql, Caller.System) { Parameters = parameters }, CancellationToken.None);
        var rows = new List<string>();
        await foreach (var batch in query.ReadAsync(CancellationToken.None))
        {
            using (batch)
            {
                rows.AddRange(ResultText.Rows(batch, query.Columns));
            }
        }

        return rows;
    }

    public async Task<long> CountAsync(string sql) => long.Parse((await RowsAsync(sql))[0], System.Globalization.CultureInfo.InvariantCulture);

    public async Task<T> RefusedAsync<T>(string sql)
        where T : EngineException
    {
        var error = await Assert.ThrowsAsync<T>(() => RowsAsync(sql));
        Assert.False(string.IsNullOrWhiteSpace(error.Hint), $"no hint for: {sql}");
        return error;
    }

    public void Dispose() => Engine.Dispose();
}
