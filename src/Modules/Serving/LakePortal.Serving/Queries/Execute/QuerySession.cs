using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using LakePortal.Engine.Queries;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Queries.History;

namespace LakePortal.Serving.Queries.Execute;

/// <summary>One statement from its wish to its entry in the history, whatever is done with its rows.</summary>
internal sealed partial class QuerySession(
    ILakeEngine engine, QueryRegistry registry, QueryHistory history, CallerDirectory directory, ICallerAccessor callers, TimeProvider time)
{
    [GeneratedRegex("^[A-Za-z0-9_.-]{1,64}$", RegexOptions.CultureInvariant)]
    private static partial Regex IdForm();

    /// <param name="read">Reads the started query; returns the number of rows it took and its result.</param>
    /// <param name="keep">Leaves an entry in the caller's history.</param>
    public async Task<T> RunAsync<T>(
        string sql, string? runAs, string? queryId, bool keep, Func<ILakeQuery, Stopwatch, Task<(long Rows, T Result)>> read,
        CancellationToken cancellationToken)
    {
        var caller = callers.Current ?? throw new NotSignedInException();
        var effective = await ResolveAsync(caller, runAs, cancellationToken);
        var id = await TakeIdAsync(queryId, cancellationToken);
        if (!registry.TryAdd(id, caller.User))
        {
            throw Taken(id);
        }

        var (startedAt, clock) = (time.GetUtcNow(), Stopwatch.StartNew());
        var (state, rows, error) = ("failed", (long?)null, (string?)null);
        try
        {
            await using var query = await engine.StartAsync(new LakeQueryRequest(sql, effective) { QueryId = id }, cancellationToken);
            var (count, result) = await read(query, clock);
            (state, rows) = ("succeeded", count);
            return result;
        }
        catch (Exception exception)
        {
            var cancelled = exception is QueryCancelledException or OperationCanceledException;
            (state, error) = (cancelled ? "cancelled" : "failed", exception is LakePortalException or OperationCanceledException ? exception.Message : "Internal error.");
            throw;
        }
        finally
        {
            registry.Remove(id);
            if (keep)
            {
                await history.AddAsync(
                    new QueryHistoryEntry(id, caller.User, sql, state, startedAt, clock.Elapsed.TotalMilliseconds, rows, error), CancellationToken.None);
            }
        }
    }

    private async Task<Caller> ResolveAsync(Caller caller, string? runAs, CancellationToken cancellationToken)
    {
        if (runAs is null || runAs == caller.User)
        {
            return caller;
        }

        return caller.Can(Permissions.QueriesRunAs)
            ? await directory.FindAsync(runAs, caller.Via, cancellationToken) ?? throw new UnknownUserException(runAs)
            : throw new PermissionDeniedException(Permissions.QueriesRunAs);
    }

    private async Task<string> TakeIdAsync(string? wanted, CancellationToken cancellationToken)
    {
        if (wanted is null)
        {
            return Guid.CreateVersion7(time.GetUtcNow()).ToString("n", CultureInfo.InvariantCulture);
        }

        if (!IdForm().IsMatch(wanted))
        {
            const string Message = "A query id has up to 64 letters, digits, '-', '_' and '.'.";
            throw new InvalidInputException(Message, "Leave it out to have one made.", new InputFault("query_id", Message));
        }

        return await history.ExistsAsync(wanted, cancellationToken) ? throw Taken(wanted) : wanted;
    }

    private static ConflictException Taken(string id) => new($"The query id '{id}' has been used.", "Choose another, or leave it out.");
}
