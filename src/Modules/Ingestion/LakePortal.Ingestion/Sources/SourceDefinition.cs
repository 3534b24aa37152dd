namespace LakePortal.Ingestion.Sources;

/// <summary>A <c>kind: source</c> document of type postgres. Secrets are references here, never values.</summary>
internal sealed record SourceDefinition
{
    public const int DefaultPort = 5432;

    public required string Name { get; init; }

    public required string Type { get; init; }

    public required string Host { get; init; }

    public int Port { get; init; } = DefaultPort;

    public required string Database { get; init; }

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

    public string Address => $"{Host}:{Port}/{Database}";
}
