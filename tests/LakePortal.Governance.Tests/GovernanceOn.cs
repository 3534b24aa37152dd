using LakePortal.Kernel.Identity;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace LakePortal.Governance.Tests;

[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresServer>
{
    public const string Name = "postgres";
}

/// <summary>Base of suites that run on both control databases.</summary>
public abstract class GovernanceOn(PostgresServer? server) : IAsyncLifetime
{
    protected TestLake Lake { get; private set; } = null!;

    protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 5, 1, 8, 0, 0, TimeSpan.Zero));

    public async Task InitializeAsync() => Lake = await TestLake.StartAsync(
        [new GovernanceModule()],
        server is null ? null : server.ConnectionString(await server.CreateDatabaseAsync()),
        services => services.AddSingleton<TimeProvider>(Clock));

    public async Task DisposeAsync() => await Lake.DisposeAsync();

    protected static Caller As(string user, params string[] permissions) => new(
        user, new HashSet<string>(), new HashSet<string>(), permissions.ToHashSet(StringComparer.Ordinal), "api");
}
