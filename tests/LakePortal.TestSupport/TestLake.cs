using System.Collections.Concurrent;
using LakePortal.Kernel.Hosting;
using LakePortal.Kernel.Identity;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Modules;
using LakePortal.Kernel.Secrets;
using MediatR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LakePortal.TestSupport;

/// <summary>The kernel with some modules on a control database of its own, without a web host. What Governance would provide is a simple double unless that module is among them.</summary>
public sealed class TestLake : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory;
    private readonly ServiceProvider _provider;

    private TestLake(TemporaryDirectory directory, ServiceProvider provider) => (_directory, _provider) = (directory, provider);

    public IServiceProvider Services => _provider;

    public string Data => _directory.Path;

    /// <param name="postgres">Connection string of an empty database; null: SQLite.</param>
    /// <param name="modules">Modules in start order.</param>
    /// <param name="configure">Replaces services after all were added.</param>
    /// <param name="settings">Further configuration keys.</param>
    /// <param name="data">What <see cref="StopAsync"/> of another lake has left; null: an empty directory.</param>
    public static async Task<TestLake> StartAsync(
        IReadOnlyList<IModule> modules, string? postgres = null, Action<IServiceCollection>? configure = null,
        IReadOnlyDictionary<string, string?>? settings = null, TemporaryDirectory? data = null)
    {
        var directory = data ?? new TemporaryDirectory();
        var values = new Dictionary<string, string?>(settings ?? new Dictionary<string, string?>())
        {
            ["Lake:Data"] = directory.Path,
        };
        if (postgres is not null)
        {
            values["ControlDatabase:Provider"] = "postgres";
            values["ControlDatabase:ConnectionString"] = postgres;
        }

        var services = new ServiceCollection();
        services.AddLakePortal(new ConfigurationBuilder().AddInMemoryCollection(values).Build(), modules);
        services.TryAddSingleton<IAuditTrail, RecordingAuditTrail>();
        services.TryAddSingleton<ISecretResolver, PlainSecretResolver>();
        configure?.Invoke(services);
        var provider = services.BuildServiceProvider();
        try
        {
            await provider.StartLakePortalAsync(CancellationToken.None);
        }
        catch
        {
            await provider.DisposeAsync();
            directory.Dispose();
            throw;
        }

        return new TestLake(directory, provider);
    }

    /// <summary>Sends a request through the whole door as <paramref name="caller"/>, by default the system.</summary>
    public async Task<T> SendAsync<T>(IRequest<T> request, Caller? caller = null, CancellationToken cancellationToken = default)
    {
        await using var scope = _provider.CreateAsyncScope();
        using var entered = scope.ServiceProvider.GetRequiredService<ICallerAccessor>().Enter(caller ?? Caller.System);
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request, cancellationToken);
    }

    /// <summary>A caller with exactly these permissions.</summary>
    public static Caller CallerWith(params string[] permissions) => new(
        "tester", new HashSet<string>(), new HashSet<string>(), permissions.ToHashSet(StringComparer.Ordinal), "api");

    /// <summary>Ends the process's part and leaves the data, for another to be started on.</summary>
    public async Task<TemporaryDirectory> StopAsync()
    {
        await _provider.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        return _directory;
    }

    public async ValueTask DisposeAsync() => (await StopAsync()).Dispose();
}

public sealed class RecordingAuditTrail : IAuditTrail
{
    public ConcurrentQueue<(string User, string Via, string Action, string Object, string Outcome, string? Detail)> Rows { get; } = new();

    public Task RecordAsync(
        string user, string via, string action, string auditObject, string outcome, string? detail, CancellationToken cancellationToken)
    {
        Rows.Enqueue((user, via, action, auditObject, outcome, detail));
        return Task.CompletedTask;
    }
}

/// <summary>Takes texts as they are: tests write passwords in clear.</summary>
public sealed class PlainSecretResolver : ISecretResolver
{
    public Task<string> ResolveAsync(string text, CancellationToken cancellationToken) => Task.FromResult(text);

    public Task<IReadOnlyList<MissingReference>> FindMissingAsync(string text, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<MissingReference>>([]);
}
