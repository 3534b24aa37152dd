namespace LakePortal.Ingestion.Sources;

/// <summary>A <c>kind: source</c> document of type postgres, mysql or mariadb. Secrets are references here, never values.</summary>
internal sealed record SourceDefinition
{
    private readonly int? _port;

    public required string Name { get; init; }

    public required string Type { get; init; }

    public required string Host { get; init; }

    public int Port
    {
        get => _port ?? (IsMySql ? 3306 : 5432);
        init => _port = value;
    }

    /// <summary>Empty where a source is a whole server: all of its databases.</summary>
    public string Database { get; init; } = "";

    public required string Username { get; init; }

    /// <summary>Usually <c>${secret:…}</c>; null for servers that ask for none.</summary>
    public string? Password { get; init; }

    /// <summary>disable, allow, prefer, require, verify-ca or verify-full.</summary>
    public string Sslmode { get; init; } = "prefer";

    /// <summary>File with the certificates that verify-ca and verify-full trust.</summary>
    public string? Sslrootcert { get; init; }

    public string ApplicationName { get; init; } = "lakeportal";

    /// <summary>How many chunks of one table are read at once.</summary>
    public int Parallelism { get; init; } = 2;

    /// <summary>Longest time for one statement on the source; null: no limit.</summary>
    public TimeSpan? StatementTimeout { get; init; }

    /// <summary>Longest wait for a lock on the source's tables.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The server has to prove who it is. As libpq does, require takes a root certificate that is named for verify-ca.</summary>
    public bool Verifies => Sslmode is "verify-ca" or "verify-full" || (Sslmode == "require" && Sslrootcert is not null);

    /// <summary>Replication slot that changes are read through; null: one named after the source.</summary>
    public string? Slot { get; init; }

    /// <summary>Publication that says which tables' changes are sent; null: one named after the source.</summary>
    public string? Publication { get; init; }

    /// <summary>By which the server of a binary log tells its readers apart; null: a number made from the source's name.</summary>
    public long? ServerId { get; init; }

    public bool IsMySql => Type is "mysql" or "mariadb";

    /// <remarks>A slot's name is unique in its whole server, so the database is part of it.</remarks>
    public string SlotName => Slot ?? Plain($"lakeportal_{Name}_{Database}");

    public string PublicationName => Publication ?? Plain($"lakeportal_{Name}");

    /// <summary>Slots are named with lower-case letters, digits and _ only, 63 at most.</summary>
    private static string Plain(string name)
    {
        var plain = string.Concat(name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
        return plain[..Math.Min(plain.Length, 63)];
    }

    public string Address => Database.Length > 0 ? $"{Host}:{Port}/{Database}" : $"{Host}:{Port}";
}
