using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LakePortal.TestSupport;
using Npgsql;

namespace LakePortal.Ingestion.Tests.Wire;

/// <summary>A private PostgreSQL that lets nobody in over an unencrypted connection. Its certificate is made out to <c>localhost</c>, not to the address it listens on.</summary>
public sealed class TlsServer : IAsyncLifetime
{
    private readonly string _files = Directory.CreateTempSubdirectory("lakeportal-tls-").FullName;

    public PostgresServer Server { get; } = new();

    /// <summary>File with the certificate that signed the server's.</summary>
    public string Root => Path.Combine(_files, "root.pem");

    /// <summary>File with a certificate that signed nothing.</summary>
    public string OtherRoot => Path.Combine(_files, "other.pem");

    public async Task InitializeAsync()
    {
        await Server.InitializeAsync();
        await using var connection = new NpgsqlConnection(Server.ConnectionString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SHOW data_directory", connection);
        var data = (string)(await command.ExecuteScalarAsync())!;

        using var root = Authority("CN=lake test root");
        using var other = Authority("CN=somebody else");
        await File.WriteAllTextAsync(Root, root.ExportCertificatePem());
        await File.WriteAllTextAsync(OtherRoot, other.ExportCertificatePem());
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(root, root.NotBefore, root.NotAfter, [1, 2, 3, 4, 5, 6, 7, 8]);
        await WriteAsync(Path.Combine(data, "server.crt"), certificate.ExportCertificatePem());
        await WriteAsync(Path.Combine(data, "server.key"), key.ExportPkcs8PrivateKeyPem());
        await WriteAsync(Path.Combine(data, "pg_hba.conf"), "local all all trust\nhostssl all all 127.0.0.1/32 trust\n");
        await ExecuteAsync(connection, "ALTER SYSTEM SET ssl = on");
        await ExecuteAsync(connection, "SELECT pg_reload_conf()");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await CanConnectAsync(Npgsql.SslMode.Disable) || !await CanConnectAsync(Npgsql.SslMode.Require))
        {
            await Task.Delay(20, limit.Token);
        }
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    private async Task<bool> CanConnectAsync(Npgsql.SslMode mode)
    {
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Server.ConnectionString()) { SslMode = mode, Pooling = false }.ToString());
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>Only the server's user may read a key, or the server does not take it.</summary>
    private static async Task WriteAsync(string file, string content)
    {
        await File.WriteAllTextAsync(file, content);
        await RunAsync("chmod", "600", file);
        if (Environment.UserName == "root")
        {
            await RunAsync("chown", "postgres", file);
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
