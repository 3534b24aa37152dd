using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using LakePortal.Ingestion.Sources.MySql.Wire;
using LakePortal.Kernel.Secrets;

namespace LakePortal.Ingestion.Sources.MySql;

/// <summary>Opens connections to MySQL and MariaDB sources with the settings that make every text form the same everywhere.</summary>
internal sealed class MySqlConnections(ISecretResolver secrets)
{
    private static readonly Version OldestMariaDb = new(10, 3);
    private static readonly Version OldestMySql = new(5, 7);

    /// <exception cref="IngestionException">Unreachable or refused, with the reason.</exception>
    public async Task<MySqlSession> OpenAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        MySqlSession? session = null;
        try
        {
            session = await MySqlSession.OpenAsync(await TargetAsync(source, cancellationToken), cancellationToken);
            var version = VersionOf(session);
            if (version < (session.IsMariaDb ? OldestMariaDb : OldestMySql))
            {
                throw new SourceRefusedException(source.Name, "server-too-old", $"Source '{source.Name}' is {Product(session)} {session.ServerVersion}; MySQL {OldestMySql} or MariaDB {OldestMariaDb} or later is needed.",
                    "Upgrade the server, or read from a newer replica.");
            }

            var opened = session;
            await Task.Run(() => opened.Execute(Settings(source, opened)), CancellationToken.None).WaitAsync(cancellationToken);
            return session;
        }
        catch (Exception e)
        {
            session?.Dispose();
            if (MySqlErrors.Translate(e, source) is { } translated && translated != e)
            {
                throw translated;
            }

            throw;
        }
    }

    public static string Product(MySqlSession session) => session.IsMariaDb ? "MariaDB" : "MySQL";

    public static Version VersionOf(MySqlSession session)
    {
        var numbers = string.Concat(session.ServerVersion.TakeWhile(c => char.IsAsciiDigit(c) || c == '.')).Trim('.');
        return Version.TryParse(numbers, out var version) ? version : new Version(0, 0);
    }

    private async Task<MySqlTarget> TargetAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        var password = source.Password is { } reference ? await secrets.ResolveAsync(reference, cancellationToken) : null;
        bool? tls = source.Sslmode switch { "disable" => false, "allow" or "prefer" => null, _ => true };
        return new MySqlTarget(source.Host, source.Port, source.Database, source.Username, password, tls, source.ApplicationName, source.ConnectTimeout) { Certificate = source.Verifies ? Verify(source) : null };
    }

    private static RemoteCertificateValidationCallback Verify(SourceDefinition source)
    {
        var roots = new X509Certificate2Collection();
        if (source.Sslrootcert is { } file)
        {
            if (!File.Exists(file))
            {
                throw new SourceRefusedException(source.Name, "tls", $"The file {file} with the root certificate is not there, or may not be read.", "sslrootcert is a file on the machine on which the portal runs.");
            }

            roots.ImportFromPemFile(file);
        }

        return (_, certificate, _, errors) =>
        {
            if (certificate is null || (source.Sslmode == "verify-full" && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)))
            {
                return false;
            }

            if (roots.Count == 0)
            {
                return !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors);
            }

            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(roots);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            using var own = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
            return chain.Build(own);
        };
    }

    /// <remarks>A reader that waits for the lake's disk must not be taken for one that is gone.</remarks>
    private static string Settings(SourceDefinition source, MySqlSession session)
    {
        var limit = source.StatementTimeout?.TotalMilliseconds ?? 0;
        var statement = session.IsMariaDb
            ? string.Create(CultureInfo.InvariantCulture, $"max_statement_time = {limit / 1000:0.###}")
            : string.Create(CultureInfo.InvariantCulture, $"max_execution_time = {limit:0}");
        var wait = Math.Max(1, (long)Math.Ceiling(source.LockTimeout.TotalSeconds));
        return string.Create(CultureInfo.InvariantCulture,
            $"SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = '', lock_wait_timeout = {wait}, wait_timeout = 604800, net_write_timeout = 3600, net_read_timeout = 3600, {statement}");
    }
}
