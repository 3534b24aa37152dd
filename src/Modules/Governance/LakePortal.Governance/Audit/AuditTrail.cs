using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LakePortal.Governance.Persistence;
using LakePortal.Kernel.Messaging;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Audit;

/// <summary>Append-only and chained: each row's hash covers the one before, and the key is the next number, so two writers cannot fork it.</summary>
internal sealed partial class AuditTrail(IDbContextFactory<GovernanceDbContext> databases, TimeProvider clock) : IAuditTrail, IDisposable
{
    private const int LongestDetail = 4000;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private (long Sequence, string Hash)? _last;

    public async Task RecordAsync(
        string user, string via, string action, string auditObject, string outcome, string? detail, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                await using var database = await databases.CreateDbContextAsync(cancellationToken);
                var last = _last ??= await ReadLastAsync(database, cancellationToken);
                var row = NewRow(last, user, via, action, auditObject, outcome, detail);
                database.Audit.Add(row);
                try
                {
                    await database.SaveChangesAsync(cancellationToken);
                    _last = (row.Sequence, row.Hash);
                    return;
                }
                catch (DbUpdateException) when (HasMovedOn(last.Sequence))
                {
                    // Another portal on the same database took the number; go on after its row.
                    _last = null;
                }
                catch
                {
                    _last = null;
                    throw;
                }
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>What a row's hash covers; for the one who verifies the chain.</summary>
    public static string HashOf(string previousHash, AuditRow row) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        new[]
        {
            previousHash, row.Sequence.ToString(CultureInfo.InvariantCulture), row.At.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            row.User, row.Via, row.Action, row.Object, row.Outcome, row.Detail,
        })));

    public void Dispose() => _writing.Dispose();

    private bool HasMovedOn(long sequence)
    {
        using var database = databases.CreateDbContext();
        return database.Audit.Any(a => a.Sequence > sequence);
    }

    private static async Task<(long Sequence, string Hash)> ReadLastAsync(GovernanceDbContext database, CancellationToken cancellationToken)
    {
        var last = await database.Audit.AsNoTracking().OrderByDescending(a => a.Sequence).FirstOrDefaultAsync(cancellationToken);
        return last is null ? (0, "") : (last.Sequence, last.Hash);
    }

    private AuditRow NewRow(
        (long Sequence, string Hash) last, string user, string via, string action, string auditObject, string outcome, string? detail)
    {
        // Microseconds are what the database keeps; the hash must cover the value as it is read back.
        var now = clock.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        var row = new AuditRow
        {
            Sequence = last.Sequence + 1, At = now, User = Clean(user), Via = via, Action = action, Object = Clean(auditObject), Outcome = outcome,
            Detail = detail is null ? null : Clean(detail), Hash = "",
        };
        return new AuditRow
        {
            Sequence = row.Sequence, At = row.At, User = row.User, Via = row.Via, Action = row.Action, Object = row.Object, Outcome = row.Outcome,
            Detail = row.Detail, Hash = HashOf(last.Hash, row),
        };
    }

    /// <summary>No tokens, even if somebody pasted one into SQL; no NUL, which PostgreSQL refuses; lone surrogates become what UTF-8 makes of them.</summary>
    private static string Clean(string text)
    {
        var cut = text.Length <= LongestDetail ? text : $"{text[..LongestDetail]}…";
        var valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut)).Replace('\0', '\uFFFD');
        return Token().Replace(valid, "lake_•••");
    }

    [GeneratedRegex("lake_[0-9a-f]{12}_[0-9a-f]{64}")]
    private static partial Regex Token();
}
