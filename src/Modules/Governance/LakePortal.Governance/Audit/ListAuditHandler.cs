using LakePortal.Governance.Contracts.Audit;
using LakePortal.Governance.Persistence;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Audit;

internal sealed class ListAuditHandler(IDbContextFactory<GovernanceDbContext> databases) : IRequestHandler<ListAudit, IReadOnlyList<AuditEntry>>
{
    private const string ReadTables = "governance.read-tables";
    private const string SignIn = "governance.sign-in";
    private const string SignInFailed = "governance.sign-in-failed";

    public async Task<IReadOnlyList<AuditEntry>> Handle(ListAudit request, CancellationToken cancellationToken)
    {
        var filter = request.Filter;
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = database.Audit.AsNoTracking();
        rows = filter.Kind is { } kind ? OfKind(rows, kind) : rows;
        rows = filter.User is { } user ? rows.Where(a => a.User == user) : rows;
        rows = filter.Action is { } action ? rows.Where(a => a.Action == action) : rows;
        rows = filter.Object is { } target ? rows.Where(a => a.Object == target) : rows;
        rows = filter.Outcome is { } outcome ? rows.Where(a => a.Outcome == outcome) : rows;
        rows = filter.Since is { } since ? rows.Where(a => a.At >= since) : rows;
        rows = filter.Until is { } until ? rows.Where(a => a.At < until) : rows;
        rows = filter.BeforeSequence is { } before ? rows.Where(a => a.Sequence < before) : rows;
        return await rows.OrderByDescending(a => a.Sequence).Take(Math.Clamp(filter.Limit, 1, 1000))
            .Select(a => new AuditEntry(a.Sequence, a.At, a.User, a.Via, a.Action, a.Object, a.Outcome, a.Detail))
            .ToListAsync(cancellationToken);
    }

    private static IQueryable<AuditRow> OfKind(IQueryable<AuditRow> rows, AuditKind kind) => kind switch
    {
        AuditKind.Reads => rows.Where(a => a.Action == ReadTables),
        AuditKind.SignIns => rows.Where(a => a.Action == SignIn || a.Action == SignInFailed),
        AuditKind.Denied => rows.Where(a => a.Outcome == "denied"),
        _ => rows.Where(a => a.Outcome == "denied" || a.Action != ReadTables && a.Action != SignIn && a.Action != SignInFailed),
    };
}
