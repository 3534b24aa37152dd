using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Processes;
using LakePortal.Cli.Shop;
using Npgsql;

namespace LakePortal.Cli.Demo;

/// <summary>The demo: its servers, its phases, and the order in which all of it ends.</summary>
internal sealed class DemoRun(string dataDirectory, int port, TextWriter output) : IAsyncDisposable
{
    private static readonly Dictionary<string, string> PostgresSettings = new()
    {
        ["wal_level"] = "logical",
        ["shared_buffers"] = "256MB",
        ["max_wal_size"] = "2GB",
        // A power cut may cost the sample shop its last moments; nothing else lives in this server.
        ["synchronous_commit"] = "off",
    };

    private FileStream? _lock;
    private PrivatePostgres? _postgres;
    private PortalProcess? _portal;
    private ApiClient? _api;
    private string? _signIn;
    private ShopOptions? _shop;

    public bool IsServing => _portal is { HasExited: false };

    public async Task RunPhasesAsync(CancellationToken cancellationToken)
    {
        await PhaseAsync("shop", StartShopAsync, cancellationToken);
        await PhaseAsync("portal", StartPortalAsync, cancellationToken);
        var lake = new LakePhases(_api!, _postgres!);
        await PhaseAsync("configuration", ConfigureAsync, cancellationToken);
        await PhaseAsync("offload", lake.OffloadAsync, cancellationToken);
        await PhaseAsync("comparison", lake.CompareWithSourceAsync, cancellationToken);
        await PhaseAsync("pipeline", lake.RunPipelineAsync, cancellationToken);
        await PhaseAsync("numbers", lake.CheckNumbersAsync, cancellationToken);
        await PhaseAsync("charts", lake.RenderChartsAsync, cancellationToken);
        await PhaseAsync("queries", lake.RunSavedQueriesAsync, cancellationToken);
        var changes = new ChangePhases(_api!, _postgres!, _shop!);
        await PhaseAsync("changes", changes.FollowAsync, cancellationToken);
        await PhaseAsync("gap", changes.LoseAndHealAsync, cancellationToken);
    }

    /// <summary>Serves until cancelled, while the shop goes on changing.</summary>
    public async Task ServeAsync(bool complete, CancellationToken cancellationToken)
    {
        output.WriteLine();
        output.WriteLine($"portal   {_portal!.Url.GetLeftPart(UriPartial.Authority)}/");
        output.WriteLine($"sign-in  {_signIn ?? "admin, with the password you have chosen (or the one-time password printed at the first start)"}");
        output.WriteLine($"source   postgresql://{ShopDatabase.Reader}@127.0.0.1:{_postgres!.Port.ToString(CultureInfo.InvariantCulture)}/{ShopDatabase.Name}, changing five times a second; the password is in {ReaderFile}");
        output.WriteLine($"{(complete ? "" : "The phases did not complete; the portal shows what there is. ")}Ctrl-C stops everything.");
        var writer = new ShopWriter(_postgres, _shop!, changesPerSecond: 5).RunAsync(cancellationToken);
        try
        {
            var first = await Task.WhenAny(writer, _portal.Exited);
            if (first == _portal.Exited)
            {
                throw new StepFailedException($"The portal ended:\n{_portal.LastLines()}", $"All it printed is in {Path.Combine(dataDirectory, "portal.log")}");
            }

            await writer;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            output.WriteLine("stopping");
        }
        catch (NpgsqlException) when (cancellationToken.IsCancellationRequested)
        {
            output.WriteLine("stopping");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _api?.Dispose();
        if (_portal is not null)
        {
            await _portal.DisposeAsync();
        }

        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        if (_lock is not null)
        {
            await _lock.DisposeAsync();
        }
    }

    private async Task PhaseAsync(string name, Func<CancellationToken, Task<string>> run, CancellationToken cancellationToken)
    {
        try
        {
            var started = TimeProvider.System.GetTimestamp();
            var facts = await run(cancellationToken);
            var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ok {name}: {facts} ({seconds:0.0} s)"));
        }
        catch (ServerException e)
        {
            var faults = string.Concat(e.Problem.Faults.Select(f => $"; {f.Path}: {f.Message}"));
            throw new PhaseFailedException(name, e.Message + faults, e.Hint, e);
        }
        catch (CliException e)
        {
            throw new PhaseFailedException(name, e.Message, e.Hint, e);
        }
        catch (NpgsqlException e)
        {
            throw new PhaseFailedException(name, e.Message, $"PostgreSQL's log is {Path.Combine(dataDirectory, "postgres", "postgres.log")}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PhaseFailedException(name, e.Message, "Check free space and rights of the data directory.", e);
        }
    }

    private async Task<string> StartShopAsync(CancellationToken cancellationToken)
    {
        await DataDirectory.PrepareAsync(dataDirectory, cancellationToken);
        TakeLock();
        _postgres = await PrivatePostgres.StartAsync(Path.Combine(dataDirectory, "postgres"), PostgresSettings, cancellationToken);
        // The history ends today, so that the charts do; within a day two shops with the same seed are the same.
        var today = new DateTimeOffset(TimeProvider.System.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        _shop = new ShopOptions(7, today);
        var loaded = await ShopDatabase.EnsureAsync(_postgres, _shop, ReaderPassword(), cancellationToken);
        var place = string.Create(CultureInfo.InvariantCulture, $"PostgreSQL at 127.0.0.1:{_postgres.Port}");
        return loaded is null
            ? $"as it was left, in {place}"
            : string.Create(CultureInfo.InvariantCulture, $"{loaded.Values.Sum():N0} rows in {loaded.Count} tables, in {place}");
    }

    private async Task<string> StartPortalAsync(CancellationToken cancellationToken)
    {
        await DataDirectory.WaitForEarlierPortalAsync(dataDirectory, TimeSpan.FromSeconds(15), cancellationToken);
        if (!FreePort.IsFree(port))
        {
            throw new StepFailedException(string.Create(CultureInfo.InvariantCulture, $"Port {port} is in use."), "Choose another one with --port N.");
        }

        _portal = await PortalProcess.StartAsync(dataDirectory, port, null, Notice, cancellationToken);
        _api = _portal.Api();
        return $"ready at {_portal.Url.GetLeftPart(UriPartial.Authority)}";
    }

    /// <summary>The portal prints the administrator's one-time password at its first start, and only then.</summary>
    private void Notice(string line)
    {
        if (_signIn is null && line.Contains("one-time password", StringComparison.OrdinalIgnoreCase))
        {
            _signIn = line.Trim();
        }
    }

    private async Task<string> ConfigureAsync(CancellationToken cancellationToken)
    {
        await _api!.PutAsync("/api/v1/secrets/shop", new JsonObject { ["value"] = ReaderPassword() }, cancellationToken);
        var folder = Path.Combine(ServerAddress.Home(), "samples", "phase1");
        var texts = SampleTexts(folder);
        var changes = await Commands.ApplyCommand.SendAsync(_api, texts, dryRun: false, prune: false, cancellationToken);
        var actions = changes.EnumerateArray().GroupBy(c => c.GetProperty("action").GetString()!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count());
        var kinds = changes.EnumerateArray().GroupBy(c => c.GetProperty("kind").GetString()!, StringComparer.Ordinal)
            .Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Count()} {g.Key}"));
        return $"{string.Join(", ", kinds)}; {string.Join(", ", actions.Select(a => string.Create(CultureInfo.InvariantCulture, $"{a.Value} {a.Key}")))}";
    }

    private IReadOnlyList<(string Origin, string Content)> SampleTexts(string folder)
    {
        var port = string.Create(CultureInfo.InvariantCulture, $"port: {_postgres!.Port}");
        return [.. Commands.ApplyCommand.ReadTexts([folder], TextReader.Null).Select(t =>
            Path.GetFileName(t.Origin) == "1-source.yaml" ? (t.Origin, t.Content.Replace("port: 5432", port, StringComparison.Ordinal)) : t)];
    }

    /// <summary>Two demos on one directory would stop each other's servers.</summary>
    private void TakeLock()
    {
        try
        {
            _lock = new FileStream(Path.Combine(dataDirectory, "demo.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new StepFailedException($"Another demo runs on {dataDirectory}.", "Stop it, or choose another directory with --data DIR.", e);
        }
    }

    private string ReaderFile => Path.Combine(dataDirectory, "postgres", "reader.json");

    private string ReaderPassword()
    {
        var file = ReaderFile;
        if (File.Exists(file) && JsonSerializer.Deserialize<string>(File.ReadAllText(file)) is { } known)
        {
            return known;
        }

        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        var next = file + ".next";
        File.WriteAllText(next, JsonSerializer.Serialize(password));
        File.SetUnixFileMode(next, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move(next, file, overwrite: true);
        return password;
    }
}
