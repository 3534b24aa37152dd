using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Xunit;

namespace LakePortal.TestSupport;

/// <summary>
/// A private PostgreSQL on 127.0.0.1 and a free port, in a temporary directory; a <see cref="ServerWatchdog"/> ends it with this process,
/// however that ends. Use it as
/// <c>IClassFixture&lt;PostgresServer&gt;</c> or <c>ICollectionFixture&lt;PostgresServer&gt;</c>. The superuser is <c>postgres</c> without a password
/// (trust, loopback only); logical replication is on. As root the server runs as the user <c>postgres</c>, which it insists on.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime, IAsyncDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), $"lakeportal-pg-{Guid.NewGuid():n}");
    private int _databases;
    private ServerWatchdog? _watchdog;

    public string Host => "127.0.0.1";

    public int Port { get; private set; }

    /// <summary>Lines of postgresql.conf, further ones or other values than the usual: <c>wal_level=replica</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    public string User => "postgres";

    /// <summary>The directory of the binaries: <c>POSTGRES_BIN</c>, else Debian's newest.</summary>
    public static string BinaryDirectory { get; } =
        Environment.GetEnvironmentVariable("POSTGRES_BIN")
        ?? (Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var v) ? v : 0)
                .Select(d => Path.Combine(d, "bin")).FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")))
            : null)
        ?? throw new InvalidOperationException("PostgreSQL's server binaries are missing: apt-get install postgresql-15, or set POSTGRES_BIN.");

    private string Data => Path.Combine(_root, "data");

    /// <summary>Connection string of the maintenance database, or of <paramref name="database"/>.</summary>
    public string ConnectionString(string database = "postgres") => new NpgsqlConnectionStringBuilder
    {
        Host = Host, Port = Port, Username = User, Database = database, IncludeErrorDetail = true, Timeout = 15, CommandTimeout = 120,

        // Every test has a database of its own, and a pool would keep its connections for five minutes after the test.
        Pooling = false,
    }.ToString();

    /// <summary>Creates an empty database and returns its name.</summary>
    public async Task<string> CreateDatabaseAsync(string? name = null)
    {
        name ??= string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await ExecuteAsync("postgres", $"CREATE DATABASE \"{name}\"");
        return name;
    }

    public async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs a script with psql, for dumps with COPY blocks and backslash commands.</summary>
    public async Task RunScriptAsync(string database, string file)
    {
        using var psql = Start(Path.Combine(BinaryDirectory, "psql"), asServer: false,
            "-h", Host, "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", User, "-d", database, "-q", "-v", "ON_ERROR_STOP=1", "-f", file);
        await FinishAsync(psql, "psql");
    }

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(_root);
        if (Environment.UserName == "root")
        {
            using var chown = Start("chown", asServer: false, "postgres", _root);
            await FinishAsync(chown, "chown");
        }

        _watchdog = ServerWatchdog.Over(
            _root, """if [ -f "$2/postmaster.pid" ]; then $4 "$3" stop -D "$2" -m immediate -w -t 30; fi""",
            Data, Path.Combine(BinaryDirectory, "pg_ctl"), Environment.UserName == "root" ? "setpriv --reuid=postgres --regid=postgres --init-groups --" : "");
        using (var initdb = Start(Path.Combine(BinaryDirectory, "initdb"), asServer: true,
            "-D", Data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"))
        {
            await FinishAsync(initdb, "initdb");
        }

        // In the file, so that ALTER SYSTEM has its effect.
        string[] settings =
        [
            "listen_addresses='127.0.0.1'", $"unix_socket_directories='{_root}'", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=logical", "max_replication_slots=20", "max_wal_senders=20",
            "max_connections=300", "shared_buffers=64MB", .. Settings,
        ];
        await File.AppendAllLinesAsync(Path.Combine(Data, "postgresql.conf"), settings);

        // Another process may take the free port between choosing and binding it.
        for (var attempt = 1; ; attempt++)
        {
            Port = FreePort();
            if (await TryStartAsync())
            {
                return;
            }

            if (attempt == 3)
            {
                throw new InvalidOperationException($"PostgreSQL did not start: {await File.ReadAllTextAsync(Path.Combine(_root, "server.log"))}");
            }
        }
    }

    /// <param name="mode">fast, or immediate: the server breaks off as in a crash.</param>
    public async Task StopAsync(string mode = "fast")
    {
        using var stop = Start(Path.Combine(BinaryDirectory, "pg_ctl"), asServer: true, "-D", Data, "-w", "-t", "60", "-m", mode, "stop");
        await FinishAsync(stop, "pg_ctl stop");
    }

    /// <summary>Starts what was stopped, at the same port.</summary>
    public async Task StartAgainAsync()
    {
        if (!await TryStartAsync())
        {
            throw new InvalidOperationException($"PostgreSQL did not start again: {await File.ReadAllTextAsync(Path.Combine(_root, "server.log"))}");
        }
    }

    private async Task<bool> TryStartAsync()
    {
        using var start = Start(Path.Combine(BinaryDirectory, "pg_ctl"), asServer: true,
            "-D", Data, "-w", "-t", "60", "-l", Path.Combine(_root, "server.log"), "-o", string.Create(CultureInfo.InvariantCulture, $"-p {Port}"), "start");
        await start.WaitForExitAsync();
        return start.ExitCode == 0;
    }

    public async Task DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_watchdog is not null)
        {
            await _watchdog.EndAsync();
            _watchdog = null;
        }
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Process Start(string program, bool asServer, params string[] arguments)
    {
        var info = new ProcessStartInfo { WorkingDirectory = "/", RedirectStandardInput = true };
        if (asServer && Environment.UserName == "root")
        {
            info.FileName = "runuser";
            info.ArgumentList.Add("-u");
            info.ArgumentList.Add("postgres");
            info.ArgumentList.Add("--");
            info.ArgumentList.Add(program);
        }
        else
        {
            info.FileName = program;
        }

        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        // The server would inherit a pipe and keep it open; its own output goes to its log file, other programs' to /dev/null.
        info.RedirectStandardOutput = false;
        if (program.EndsWith("initdb", StringComparison.Ordinal) || program.EndsWith("psql", StringComparison.Ordinal))
        {
            info.RedirectStandardOutput = true;
            info.RedirectStandardError = true;
        }

        return Process.Start(info)!;
    }

    private static async Task FinishAsync(Process process, string what)
    {
        var output = process.StartInfo.RedirectStandardOutput ? process.StandardOutput.ReadToEndAsync() : Task.FromResult("");
        var error = process.StartInfo.RedirectStandardError ? process.StandardError.ReadToEndAsync() : Task.FromResult("");
        await process.WaitForExitAsync();
        await output;
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{what} failed with {process.ExitCode}: {await error}");
        }
    }
}
