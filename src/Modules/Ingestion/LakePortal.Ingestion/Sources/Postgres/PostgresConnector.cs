using System.Security.Authentication;
using LakePortal.Ingestion.Offload.Reading;
using LakePortal.Ingestion.Sources.Postgres.Wire;
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

    /// <param name="source">The source.</param>
    /// <param name="cancellationToken">Stops connecting.</param>
    /// <param name="longestSilence">A command that is not answered for so long has failed; null: it may take as long as it takes.</param>
    /// <exception cref="IngestionException">Unreachable or refused, with the reason.</exception>
    public async Task<NpgsqlConnection> OpenAsync(SourceDefinition source, CancellationToken cancellationToken, TimeSpan? longestSilence = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(await ConnectionStringAsync(source, cancellationToken)) { CommandTimeout = (int)Math.Ceiling(longestSilence?.TotalSeconds ?? 0) };
        var connection = new NpgsqlConnection(settings.ToString());
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

    /// <summary>Opens a connection to copy by, after the session's settings and <paramref name="begin"/>.</summary>
    /// <exception cref="IngestionException">Unreachable or refused, with the reason.</exception>
    public async Task<ICopyConnection> OpenCopyAsync(SourceDefinition source, string begin, CancellationToken cancellationToken)
    {
        if (await TryOpenWireAsync(source, begin, cancellationToken) is { } wire)
        {
            return new WireCopyConnection(wire);
        }

        var connection = await OpenAsync(source, cancellationToken);
        try
        {
            await using var command = new NpgsqlCommand(begin, connection);
            _ = await command.ExecuteNonQueryAsync(cancellationToken);
            return new DriverCopyConnection(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a connection that can read the log, with the settings that make every text form the same everywhere.</summary>
    /// <exception cref="IngestionException">Unreachable or refused, with the reason.</exception>
    public async Task<ILogConnection> OpenLogAsync(SourceDefinition source, CancellationToken cancellationToken) =>
        await TryOpenWireAsync(source, "", cancellationToken, isReplication: true) is { } wire
            ? new WireLogConnection(wire)
            : await DriverLogConnection.OpenAsync(source, await ConnectionStringAsync(source, cancellationToken), SessionSettings(source), cancellationToken);

    /// <returns>Null: the source needs the driver.</returns>
    private async Task<WireConnection?> TryOpenWireAsync(SourceDefinition source, string begin, CancellationToken cancellationToken, bool isReplication = false)
    {
        // Certificates are the driver's business, and so are sockets in the file system and lists of hosts.
        if (source.Verifies || source.Host.StartsWith('/') || source.Host.StartsWith('@') || source.Host.Contains(',', StringComparison.Ordinal))
        {
            return null;
        }

        var password = source.Password is { } reference ? await secrets.ResolveAsync(reference, cancellationToken) : null;
        bool? tls = source.Sslmode switch { "require" => true, "prefer" => null, _ => false };
        var target = new WireTarget(source.Host, source.Port, source.Database, source.Username, password, tls, source.ApplicationName, source.ConnectTimeout) { IsReplication = isReplication };
        WireConnection? connection = null;
        try
        {
            connection = await WireConnection.OpenAsync(target, cancellationToken);
            await Task.Run(() => connection.Execute($"{SessionSettings(source)} {begin}"), CancellationToken.None);
            return connection;
        }
        catch (Exception e)
        {
            connection?.Dispose();

            // What has to do with encryption and rules of pg_hba.conf the driver tries in more ways; what it says then is the answer.
            if (e is WireNotSpokenException or AuthenticationException or PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification })
            {
                return null;
            }

            if (PostgresErrors.Translate(e, source) is { } translated && translated != e)
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
            SslMode = source is { Verifies: true, Sslmode: "require" } ? SslMode.VerifyCA : SslModes[source.Sslmode],
            ApplicationName = source.ApplicationName,
            Timeout = (int)Math.Max(1, source.ConnectTimeout.TotalSeconds),
            CommandTimeout = 0,
            Pooling = false,
            TcpKeepAlive = true,
            TcpKeepAliveTime = WireConnection.KeepAliveSeconds,
            TcpKeepAliveInterval = WireConnection.KeepAliveSeconds / 3,
            ReadBufferSize = 256 * 1024,
            IncludeErrorDetail = true,
        };
        if (source.Sslrootcert is { } root)
        {
            if (!File.Exists(root))
            {
                throw new SourceRefusedException(source.Name, "tls", $"The file {root} with the root certificate is not there, or may not be read.",
                    "sslrootcert is a file on the machine on which the portal runs.");
            }

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
