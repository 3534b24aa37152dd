using System.Text.Json.Nodes;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Storage;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Serving.Queries.Saved;

/// <summary><c>kind: query</c> as it is written.</summary>
internal sealed record SavedQueryDocument(string Name, string Sql, string? Description = null);

internal sealed class SavedQueryKind(
    IDbContextFactory<ServingDbContext> databases, StatementCheck check, ICallerAccessor callers, TimeProvider time) : IConfigurationKind
{
    public string Kind => "query";

    public int Order => 35;

    // A saved query is text that its reader may run or not: whoever may run queries may keep them.
    public string WritePermission => Permissions.QueriesRun;

    public string ReadPermission => Permissions.QueriesRun;

    public async Task<IReadOnlyList<PlannedChange>> PlanAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var query = ConfigBinder.Bind<SavedQueryDocument>(document);
        var faults = new List<InputFault>();
        faults.AddRange(ConfigNames.Check(document, "name", query.Name, "a query"));
        var missing = new List<MissingTable>();
        faults.AddRange(await check.FindFaultsAsync(document, "sql", query.Sql, missing, cancellationToken));
        return faults.Count == 0
            ? [ConfigDiff.Plan(Kind, query.Name, await ExportAsync(query.Name, cancellationToken), ConfigBinder.ToJson(query)) with { Traffic = new TableTraffic(Kind, query.Name) { Missing = missing } }]
            : throw ConfigBinder.Invalid(document, faults);
    }

    public async Task ApplyAsync(ConfigDocument document, CancellationToken cancellationToken)
    {
        var query = ConfigBinder.Bind<SavedQueryDocument>(document);
        var user = (callers.Current ?? throw new NotSignedInException()).User;
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.SavedQueries.SingleOrDefaultAsync(q => q.Name == query.Name, cancellationToken);
        if (row is null)
        {
            row = new SavedQueryRow { Name = query.Name, Sql = query.Sql, Owner = user, UpdatedAt = time.GetUtcNow() };
            database.Add(row);
        }

        row.Description = query.Description;
        row.Sql = query.Sql;
        row.UpdatedAt = time.GetUtcNow();
        await database.SaveChangesAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var names = await database.SavedQueries.Select(q => q.Name).ToListAsync(cancellationToken);
        return [.. names.Order(StringComparer.Ordinal)];
    }

    public async Task<JsonObject?> ExportAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.SavedQueries.AsNoTracking().SingleOrDefaultAsync(q => q.Name == name, cancellationToken) is { } row
            ? ConfigBinder.ToJson(new SavedQueryDocument(row.Name, row.Sql, row.Description))
            : null;
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.SavedQueries.Where(q => q.Name == name).ExecuteDeleteAsync(cancellationToken);
    }
}

internal sealed class ListSavedQueriesHandler(IDbContextFactory<ServingDbContext> databases) : IRequestHandler<ListSavedQueries, IReadOnlyList<SavedQuery>>
{
    public async Task<IReadOnlyList<SavedQuery>> Handle(ListSavedQueries request, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.SavedQueries.AsNoTracking().ToListAsync(cancellationToken);
        return [.. rows.OrderBy(q => q.Name, StringComparer.Ordinal)
            .Select(q => new SavedQuery(q.Name, q.Description, q.Sql, q.Owner, q.UpdatedAt))];
    }
}
