using LakePortal.Kernel.Secrets;
using Npgsql;

namespace LakePortal.Ingestion.Sources.Postgres;

/// <summary>Opens connections to PostgreSQL sources with the settings that make every text form the same everywhere.</summary>
internal sealed class PostgresConnector(ISecretResolver secrets)
{
    public const int OldestVersion = 12;

    /// <summary>Npgsql's names for libpq's sslmode values.</summary>
    public static readonly IReadOnlyDictionary<string, SslMode> SslModes = new Dictionary<string, SslMode>(StringComparer.Ordinal)
    {
        ["disable"] = SslMode.Disable, ["allow"] = SslMode.Allow, ["prefer"] = SslMode.Prefer, ["require"] = SslMode.Require,
        ["verify-ca"] = SslMode.VerifyCA, ["verify-full"] = SslMode.VerifyFull,
    };

    /// <exception cref="IngestionException">Unreachable or refused, with the reason.</exception>
    public async Task<NpgsqlConnection> OpenAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(await ConnectionStringAsync(source, cancellationToken));
        try
        {
            await connection.OpenAsync(cancellationToken);
            if (connection.PostgreSqlVersion.Major < OldestVersion)
            {
                throw new SourceRefusedException(source.Name, "server-too-old",
                    $"Source '{source.Name}' is PostgreSQL {connection.PostgreSqlVersion}; {OldestVersion} or later is needed.", "Upgrade the server, or read from a newer replica.");
            }

            await using var command = new NpgsqlCommand(SessionSettings(source), connection);
            _ = await command.ExecuteNonQueryAsync(cancellationToken);
            return connection;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (PostgresErrors.Translate(e, source) is { } translated)
            {
                throw translated;
            }

            throw;
        }
    }

    public async Task<string> ConnectionStringAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = source.Host,
            Port = source.Port,
            Database = source.Database,
            Username = source.Username,
            SslMode = SslModes[source.Sslmode],
            ApplicationName = source.ApplicationName,
            Timeout = (int)Math.Max(1, source.ConnectTimeout.TotalSeconds),
            CommandTimeout = 0,
            Pooling = false,
            TcpKeepAlive = true,
            ReadBufferSize = 256 * 1024,
            IncludeErrorDetail = true,
        };
        if (source.Sslrootcert is { } root)
        {
            builder.RootCertificate = root;
        }

        if (source.Password is { } password)
        {
            builder.Password = await secrets.ResolveAsync(password, cancellationToken);
        }

        return builder.ConnectionString;
    }

    /// <remarks>row_security off turns a policy that would silently hide rows into an error. search_path is emptied so that regclass and friends print their schema.</remarks>
    private static string SessionSettings(SourceDefinition source) =>
        $"""
        SET TimeZone = 'UTC';
        SET DateStyle = 'ISO, YMD';
        SET IntervalStyle = 'postgres';
        SET extra_float_digits = 1;
        SET bytea_output = 'hex';
        SET lc_monetary = 'C';
        SET search_path = pg_catalog;
        SET row_security = off;
        SET jit = off;
        SET idle_in_transaction_session_timeout = 0;
        SET statement_timeout = {(long)(source.StatementTimeout?.TotalMilliseconds ?? 0)};
        SET lock_timeout = {(long)source.LockTimeout.TotalMilliseconds};
        """;
}
