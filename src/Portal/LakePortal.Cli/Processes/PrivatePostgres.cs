using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;

namespace LakePortal.Cli.Processes;

/// <summary>
/// A PostgreSQL server of our own: its cluster lives in the given directory, it listens on 127.0.0.1 at a free port, and it ends with us.
/// No other server on the machine is touched. As root it runs as the user <c>postgres</c>, because PostgreSQL refuses to run as root.
/// </summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    private readonly ChildProcess _server;

    private PrivatePostgres(ChildProcess server, int port, string password)
    {
        _server = server;
        Port = port;
        Password = password;
    }

    /// <summary>As whom servers run when that is not the user we are.</summary>
    public static string? Owner => Environment.UserName == "root" ? "postgres" : null;

    public int Port { get; }

    /// <summary>Of the superuser <c>postgres</c>.</summary>
    public string Password { get; }

    public int ProcessId => _server.Id;

    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Database = database,
        Username = "postgres",
        Password = Password,
        // The server may be restarted on the same port within one process (tests).
        Pooling = false,
        CommandTimeout = 0,
        Timeout = 5,
    }.ConnectionString;

    /// <summary>Starts the cluster in <paramref name="directory"/>, making it first when it is not there.</summary>
    public static async Task<PrivatePostgres> StartAsync(string directory, IReadOnlyDictionary<string, string> settings, CancellationToken cancellationToken)
    {
        var home = FindPrograms();
        var owner = Owner;
        var cluster = Path.Combine(directory, "cluster");
        var notes = Path.Combine(directory, "server.json");
        Directory.CreateDirectory(directory);
        await LetInAsync(directory, owner, cancellationToken);
        var known = ReadNotes(notes);
        if (known is null)
        {
            known = new ServerNotes(FreePort.Find(), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
            await InitializeAsync(home, cluster, owner, known.Password, cancellationToken);
            WriteNotes(notes, known);
        }
        else
        {
            await StopLeftOverAsync(home, cluster, owner, cancellationToken);
        }

        for (var attempt = 1; ; attempt++)
        {
            var port = attempt == 1 && FreePort.IsFree(known.Port) ? known.Port : FreePort.Find();
            var server = Launch(home, cluster, directory, owner, port, settings);
            try
            {
                var postgres = new PrivatePostgres(server, port, known.Password);
                await postgres.WaitUntilReadyAsync(cancellationToken);
                WriteNotes(notes, known with { Port = port });
                return postgres;
            }
            catch (StepFailedException) when (attempt < 3 && server.LastLines().Contains("Address already in use", StringComparison.Ordinal))
            {
                await server.DisposeAsync();
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
    }

    public async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    public async Task ExecuteAsync(string database, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(database, cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>The newest version that Debian's packages installed, or what is on the path.</summary>
    public static string FindPrograms()
    {
        const string Packages = "/usr/lib/postgresql";
        var installed = Directory.Exists(Packages)
            ? Directory.GetDirectories(Packages).Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "postgres")))
                .OrderByDescending(d => int.TryParse(Path.GetFileName(Path.GetDirectoryName(d)), CultureInfo.InvariantCulture, out var v) ? v : 0)
            : Enumerable.Empty<string>();
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Where(d => File.Exists(Path.Combine(d, "postgres")));
        return installed.Concat(onPath).FirstOrDefault()
            ?? throw new StepFailedException("PostgreSQL is not installed.", "Install it: apt-get install postgresql-15");
    }

    private static ChildProcess Launch(
        string home, string cluster, string directory, string? owner, int port, IReadOnlyDictionary<string, string> settings)
    {
        var all = new Dictionary<string, string>(settings)
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            // Paths of sockets are limited to 107 bytes; a data directory may be deeper.
            ["unix_socket_directories"] = "",
        };
        string[] arguments = ["-D", cluster, .. all.SelectMany(s => (string[])["-c", $"{s.Key}={s.Value}"])];
        // SIGINT is PostgreSQL's "fast shutdown": sessions are ended, the rest is written down.
        return ChildProcess.Start(Path.Combine(home, "postgres"), arguments, owner, PosixSignalNumber.Int, Path.Combine(directory, "postgres.log"));
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (_server.HasExited)
            {
                throw new StepFailedException($"PostgreSQL did not start:\n{_server.LastLines()}", "The disk may be full, or its directory not accessible to the user postgres.");
            }

            try
            {
                await using var connection = await OpenAsync("postgres", cancellationToken);
                return;
            }
            catch (NpgsqlException e) when (e is not PostgresException { SqlState: not "57P03" })
            {
                if (TimeProvider.System.GetElapsedTime(deadline) > TimeSpan.FromMinutes(2))
                {
                    throw new StepFailedException($"PostgreSQL is not ready after two minutes: {e.Message}", "Look into its log, postgres.log in the data directory.", e);
                }
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>The server's user has to reach the directory through all folders above it.</summary>
    private static async Task LetInAsync(string directory, string? owner, CancellationToken cancellationToken)
    {
        if (owner is null)
        {
            return;
        }

        await Subprocess.CheckAsync("chown", [owner, directory], cancellationToken);
        var test = await Subprocess.RunAsync("setpriv", [.. As(owner), "test", "-w", directory], cancellationToken);
        if (test.ExitCode != 0)
        {
            throw new StepFailedException(
                $"The user {owner}, as whom PostgreSQL runs, cannot reach {directory}.",
                "Choose a data directory outside of private folders such as /root: --data /var/lib/lakeportal");
        }
    }

    private static async Task InitializeAsync(string home, string cluster, string? owner, string password, CancellationToken cancellationToken)
    {
        if (Directory.Exists(cluster))
        {
            // An earlier start was killed while it made the cluster: nothing of value is in it yet.
            Directory.Delete(cluster, recursive: true);
        }

        var passwordFile = Path.Combine(Path.GetDirectoryName(cluster)!, "password");
        await File.WriteAllTextAsync(passwordFile, password, cancellationToken);
        File.SetUnixFileMode(passwordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        try
        {
            if (owner is not null)
            {
                await Subprocess.CheckAsync("chown", [owner, passwordFile], cancellationToken);
            }

            string[] initdb =
            [
                Path.Combine(home, "initdb"), "-D", cluster, "-U", "postgres", $"--pwfile={passwordFile}", "--auth=scram-sha-256",
                "--encoding=UTF8", "--locale=C.UTF-8",
            ];
            string[] command = owner is null ? initdb : ["setpriv", .. As(owner), .. initdb];
            await Subprocess.CheckAsync(command[0], command[1..], cancellationToken);
        }
        finally
        {
            File.Delete(passwordFile);
        }
    }

    /// <summary>A server that outlived its parent: it is ours by its directory, so it may be stopped.</summary>
    private static async Task StopLeftOverAsync(string home, string cluster, string? owner, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(cluster, "postmaster.pid")))
        {
            return;
        }

        string[] stop = [Path.Combine(home, "pg_ctl"), "stop", "-D", cluster, "-m", "fast", "-w", "-t", "30"];
        string[] command = owner is null ? stop : ["setpriv", .. As(owner), .. stop];
        // Fails when the file is of a server that is gone; PostgreSQL then cleans up by itself at the next start.
        await Subprocess.RunAsync(command[0], command[1..], cancellationToken);
    }

    private static string[] As(string user) => [$"--reuid={user}", $"--regid={user}", "--init-groups", "--"];

    private static ServerNotes? ReadNotes(string path) =>
        File.Exists(path) ? JsonSerializer.Deserialize<ServerNotes>(File.ReadAllText(path)) : null;

    private static void WriteNotes(string path, ServerNotes notes)
    {
        var next = path + ".next";
        File.WriteAllText(next, JsonSerializer.Serialize(notes));
        File.SetUnixFileMode(next, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move(next, path, overwrite: true);
    }

    private sealed record ServerNotes(int Port, string Password);
}
