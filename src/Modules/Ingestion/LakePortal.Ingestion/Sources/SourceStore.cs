using System.Text.Json.Nodes;
using LakePortal.Ingestion.Store;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using Microsoft.EntityFrameworkCore;

namespace LakePortal.Ingestion.Sources;

/// <summary>The sources in the control database.</summary>
internal sealed class SourceStore(IDbContextFactory<IngestionDbContext> databases, TimeProvider clock)
{
    public static readonly IReadOnlyList<string> Types = ["postgres", "mysql", "mariadb"];

    /// <exception cref="InvalidInputException">Unknown keys, wrong types, impossible values.</exception>
    public static SourceDefinition Read(ConfigDocument document)
    {
        // Other types have other keys: the type's fault comes first, alone.
        if (document.Content["type"] is JsonValue value && value.TryGetValue(out string? type) && !Types.Contains(type))
        {
            var unknown = new SourceTypeNotAvailableException(type);
            throw ConfigBinder.Invalid(document, [ConfigBinder.Fault(document, "type", unknown.Message, Suggestion.For(type, Types) ?? unknown.Hint)]);
        }

        var source = ConfigBinder.Bind<SourceDefinition>(document);
        var faults = new List<InputFault>();
        if (!Postgres.PostgresConnector.SslModes.ContainsKey(source.Sslmode))
        {
            faults.Add(ConfigBinder.Fault(document, "sslmode", $"'{source.Sslmode}' is not an sslmode.", Suggestion.For(source.Sslmode, Postgres.PostgresConnector.SslModes.Keys) ?? $"Use one of {string.Join(", ", Postgres.PostgresConnector.SslModes.Keys)}."));
        }

        if (!source.Host.StartsWith('/') && Uri.CheckHostName(source.Host) == UriHostNameType.Unknown)
        {
            faults.Add(ConfigBinder.Fault(document, "host", $"'{source.Host}' is not a host.", "Write one name or address, without a port; or the directory of a socket."));
        }

        if (source.Port is < 1 or > 65535)
        {
            faults.Add(ConfigBinder.Fault(document, "port", $"{source.Port} is not a port.", source.IsMySql ? "MySQL and MariaDB listen on 3306 unless configured otherwise." : "PostgreSQL listens on 5432 unless configured otherwise."));
        }

        faults.AddRange(OfType(document, source));

        if (source.Parallelism is < 1 or > 32)
        {
            faults.Add(ConfigBinder.Fault(document, "parallelism", "must be between 1 and 32", "Each counts as one connection to the server while a table is read."));
        }

        faults.AddRange(ConfigNames.Check(document, "name", source.Name, "a source"));
        return faults.Count == 0 ? source : throw ConfigBinder.Invalid(document, faults);
    }

    /// <summary>Keys that only some types have.</summary>
    private static IEnumerable<InputFault> OfType(ConfigDocument document, SourceDefinition source)
    {
        if (!source.IsMySql && source.Database.Length == 0)
        {
            yield return ConfigBinder.Fault(document, "database", "The key 'database' is missing.", "Add 'database: …' (text).");
        }

        if (!source.IsMySql && source.ServerId is not null)
        {
            yield return ConfigBinder.Fault(document, "server_id", "PostgreSQL knows no server_id.", "Leave it out; slot and publication are the keys of its log.");
        }

        if (source.ServerId is < 1 or > uint.MaxValue)
        {
            yield return ConfigBinder.Fault(document, "server_id", $"{source.ServerId} is not a server id.", "From 1 to 4294967295, and no other server's or reader's of the same log.");
        }

        foreach (var (key, value) in new[] { ("slot", source.Slot), ("publication", source.Publication) })
        {
            if (source.IsMySql && value is not null)
            {
                yield return ConfigBinder.Fault(document, key, $"A binary log is read without a {key}.", "Leave it out; server_id is the reader's own number.");
            }
        }
    }

    public static SourceDefinition Read(JsonObject content) => Read(new ConfigDocument("source", content, null, new Dictionary<string, TextPosition>()));

    public async Task<SourceDefinition> GetAsync(string name, CancellationToken cancellationToken)
        => await FindAsync(name, cancellationToken) ?? throw new ObjectNotFoundException("source", name, "./lake status source lists them.");

    public async Task<SourceDefinition?> FindAsync(string name, CancellationToken cancellationToken)
        => await FindRowAsync(name, cancellationToken) is { } row ? Read(JsonNode.Parse(row.Document)!.AsObject()) : null;

    public async Task<SourceRow?> FindRowAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        return await database.Sources.AsNoTracking().SingleOrDefaultAsync(s => s.Name == name, cancellationToken);
    }

    public async Task<IReadOnlyList<SourceRow>> ListAsync(CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await database.Sources.AsNoTracking().ToListAsync(cancellationToken);
        return [.. rows.OrderBy(s => s.Name, StringComparer.Ordinal)];
    }

    public async Task<IReadOnlyList<string>> NamesAsync(CancellationToken cancellationToken) => [.. (await ListAsync(cancellationToken)).Select(s => s.Name)];

    public async Task SaveAsync(string name, JsonObject document, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var row = await database.Sources.SingleOrDefaultAsync(s => s.Name == name, cancellationToken);
        if (row is null)
        {
            database.Add(new SourceRow { Name = name, Document = document.ToJsonString(), State = "unknown" });
        }
        else
        {
            (row.Document, row.State, row.Reason, row.CheckedAt) = (document.ToJsonString(), "unknown", null, null);
        }

        await database.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Remembers how the last contact went; no effect for a source that is not saved.</summary>
    public async Task SetStateAsync(string name, string state, string? reason, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        await database.Sources.Where(s => s.Name == name).ExecuteUpdateAsync(
            u => u.SetProperty(s => s.State, state).SetProperty(s => s.Reason, reason).SetProperty(s => s.CheckedAt, now), cancellationToken);
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var database = await databases.CreateDbContextAsync(cancellationToken);
        var syncs = await database.Syncs.Where(s => s.Source == name).Select(s => s.Name).ToListAsync(cancellationToken);
        if (syncs.Count > 0)
        {
            throw new ConflictException($"{syncs.Count} syncs read from source '{name}': {string.Join(", ", syncs.Order(StringComparer.Ordinal).Take(5))}.", "Delete them first.");
        }

        if (await database.Sources.Where(s => s.Name == name).ExecuteDeleteAsync(cancellationToken) == 0)
        {
            throw new ObjectNotFoundException("source", name);
        }
    }
}
