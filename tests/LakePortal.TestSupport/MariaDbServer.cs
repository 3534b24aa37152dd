using System.Diagnostics;
using System.Globalization;
using MySqlConnector;
using Xunit;

namespace LakePortal.TestSupport;

/// <summary>
/// A private MariaDB on 127.0.0.1 and a free port, in a temporary directory; a <see cref="ServerWatchdog"/> ends it with this process, however that ends.
/// The user <c>lake</c> with the password <c>lake</c> may do everything; the binary log holds whole rows. As root the server runs as <c>mysql</c>, or as
/// <c>nobody</c> where that user is not there.
/// </summary>
public sealed class MariaDbServer : IAsyncLifetime, IAsyncDisposable
{
    // Two installations at once have been seen to fail.
    private static readonly SemaphoreSlim Installing = new(1);

    private readonly string _root = Path.Combine(Path.GetTempPath(), $"lakeportal-maria-{Guid.NewGuid():n}");
    private int _databases;
    private ServerWatchdog? _watchdog;
    private Process? _process;

    public string Host => "127.0.0.1";

    public int Port { get; private set; }

    public string User => "lake";

    public string Password => "lake";

    private static string Daemon { get; } = new[] { "/usr/sbin/mariadbd", "/usr/sbin/mysqld" }.FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("MariaDB's server is missing: apt-get install mariadb-server-core mariadb-client-core.");

    private static string Owner { get; } = File.ReadLines("/etc/passwd").Any(l => l.StartsWith("mysql:", StringComparison.Ordinal)) ? "mysql" : "nobody";

    private string Data => Path.Combine(_root, "data");

    private string PidFile => Path.Combine(_root, "server.pid");

    public string ConnectionString(string? database = null) => new MySqlConnectionStringBuilder
    {
        Server = Host, Port = (uint)Port, UserID = User, Password = Password, Database = database ?? "", Pooling = false, AllowUserVariables = true, AllowZeroDateTime = true, CharacterSet = "utf8mb4",
        SslMode = MySqlSslMode.None,
    }.ConnectionString;

    /// <summary>Creates an empty database and returns its name.</summary>
    public async Task<string> CreateDatabaseAsync(string? name = null)
    {
        name ??= string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await ExecuteAsync(null, $"CREATE DATABASE `{name}` CHARACTER SET utf8mb4");
        return name;
    }

    public async Task ExecuteAsync(string? database, string sql)
    {
        await using var connection = new MySqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs a script with the command line client, which knows DELIMITER.</summary>
    public async Task RunScriptAsync(string file)
    {
        var info = new ProcessStartInfo("sh") { RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", """exec mariadb --no-defaults -h 127.0.0.1 -P "$1" -u lake -plake --default-character-set=utf8mb4 <"$2" """, "mariadb", Port.ToString(CultureInfo.InvariantCulture), file])
        {
            info.ArgumentList.Add(argument);
        }

        using var client = Process.Start(info)!;
        var error = await client.StandardError.ReadToEndAsync();
        await client.WaitForExitAsync();
        if (client.ExitCode != 0)
        {
            throw new InvalidOperationException($"{file} failed: {error}");
        }
    }

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(_root);
        var asRoot = Environment.UserName == "root";
        await File.WriteAllTextAsync(Path.Combine(_root, "init.sql"), $"CREATE USER IF NOT EXISTS '{User}'@'%' IDENTIFIED BY '{Password}';\nGRANT ALL ON *.* TO '{User}'@'%' WITH GRANT OPTION;\n");
        if (asRoot)
        {
            await FinishAsync(Start("chown", "-R", Owner, _root), "chown");
        }

        _watchdog = ServerWatchdog.Over(_root, """if [ -s "$2" ]; then p="$(cat "$2")"; kill -9 "$p"; while kill -0 "$p"; do sleep 0.05; done; fi""", PidFile);
        string[] user = asRoot ? [$"--user={Owner}"] : [];
        await Installing.WaitAsync();
        try
        {
            await FinishAsync(Start("mariadb-install-db", ["--no-defaults", $"--datadir={Data}", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", .. user]), "mariadb-install-db");
        }
        finally
        {
            _ = Installing.Release();
        }

        // Another process may take the free port between choosing and binding it.
        for (var attempt = 1; ; attempt++)
        {
            Port = PostgresServer.FreePort();
            _process = Start(Daemon, [
                "--no-defaults", $"--datadir={Data}", $"--socket={Path.Combine(_root, "s.sock")}", $"--pid-file={PidFile}", $"--log-error={Path.Combine(_root, "server.log")}", $"--init-file={Path.Combine(_root, "init.sql")}",
                string.Create(CultureInfo.InvariantCulture, $"--port={Port}"), "--bind-address=127.0.0.1", "--skip-name-resolve", "--log-bin=binlog", "--binlog-format=ROW", "--binlog-row-image=FULL", "--server-id=1",
                "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--sync-binlog=0", "--innodb-buffer-pool-size=64M", "--max-connections=300", "--character-set-server=utf8mb4", "--local-infile=0", .. user]);
            if (await IsUpAsync())
            {
                return;
            }

            if (attempt == 3)
            {
                throw new InvalidOperationException($"MariaDB did not start: {await File.ReadAllTextAsync(Path.Combine(_root, "server.log"))}");
            }
        }
    }

    public async Task DisposeAsync()
    {
        if (_watchdog is not null)
        {
            await _watchdog.EndAsync();
            _watchdog = null;
            _process?.Dispose();
        }
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    private async Task<bool> IsUpAsync()
    {
        for (var deadline = TimeProvider.System.GetUtcNow().AddSeconds(60); TimeProvider.System.GetUtcNow() < deadline && !_process!.HasExited; await Task.Delay(50))
        {
            try
            {
                await ExecuteAsync(null, "SELECT 1");
                return true;
            }
            catch (MySqlException)
            {
                // Not listening yet, or its users are not there yet.
                continue;
            }
        }

        return false;
    }

    private static Process Start(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program) { WorkingDirectory = "/", RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        return Process.Start(info)!;
    }

    private static async Task FinishAsync(Process process, string what)
    {
        using (process)
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{what} failed with {process.ExitCode}: {await output} {await error}");
            }
        }
    }
}
