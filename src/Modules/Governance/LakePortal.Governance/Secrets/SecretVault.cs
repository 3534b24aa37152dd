using System.Security.Cryptography;
using System.Text;
using LakePortal.Governance.Contracts.Secrets;
using LakePortal.Governance.Persistence;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Governance.Secrets;

internal sealed class SecretVault(IDbContextFactory<GovernanceDbContext> databases, MasterKey master, TimeProvider clock)
{
    public async Task<SecretInfo> SetAsync(string name, string value, string by, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var number = await database.Secrets.Where(s => s.Name == name).MaxAsync(s => (int?)s.Number, cancellationToken) ?? 0;
        var dataKey = RandomNumberGenerator.GetBytes(32);
        var place = Place(name, number + 1);
        var row = new SecretRow
        {
            Name = name,
            Number = number + 1,
            Value = Envelope.Seal(dataKey, Encoding.UTF8.GetBytes(value), place),
            DataKey = Envelope.Seal(master.Bytes, dataKey, place),
            MasterKeyId = master.Id,
            UpdatedAt = clock.GetUtcNow(),
            UpdatedBy = by,
        };
        CryptographicOperations.ZeroMemory(dataKey);
        database.Secrets.Add(row);
        await database.SaveChangesAsync(cancellationToken);
        return ToInfo(row);
    }

    /// <summary>The newest value; null when there is no such secret.</summary>
    public async Task<string?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Secrets.AsNoTracking().Where(s => s.Name == name).OrderByDescending(s => s.Number).FirstOrDefaultAsync(cancellationToken);
        if (row is null)
        {
            return null;
        }

        if (row.MasterKeyId != master.Id)
        {
            throw new MasterKeyException(
                $"The secret '{name}' was stored under another master key ({row.MasterKeyId}; this one is {master.Id}).",
                $"Start with the {MasterKey.Variable} or master.key of that time, or store the secret again.");
        }

        try
        {
            var place = Place(name, row.Number);
            var dataKey = Envelope.Open(master.Bytes, row.DataKey, place);
            return Encoding.UTF8.GetString(Envelope.Open(dataKey, row.Value, place));
        }
        catch (AuthenticationTagMismatchException error)
        {
            throw new MasterKeyException($"The stored secret '{name}' was changed outside of this program.", "Store the secret again.", error);
        }
    }

    public async Task<bool> ExistsAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Secrets.AnyAsync(s => s.Name == name, cancellationToken);
    }

    public async Task<IReadOnlyList<SecretInfo>> ListAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Secrets.AsNoTracking()
            .Select(s => new SecretInfo(s.Name, s.Number, s.UpdatedAt, s.UpdatedBy)).ToListAsync(cancellationToken);
        return [.. rows.GroupBy(r => r.Name, StringComparer.Ordinal).Select(g => g.MaxBy(r => r.Version)!).OrderBy(r => r.Name, StringComparer.Ordinal)];
    }

    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Secrets.Where(s => s.Name == name).ExecuteDeleteAsync(cancellationToken) > 0;
    }

    private static string Place(string name, int number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name}/{number}");

    private static SecretInfo ToInfo(SecretRow row) => new(row.Name, row.Number, row.UpdatedAt, row.UpdatedBy);
}
