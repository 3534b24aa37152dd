using LakePortal.Portal.Hosting.Health;

namespace LakePortal.Portal.Tests.Support;

internal sealed class FakeReadiness : IReadiness
{
    public IReadOnlyList<HealthPart> Parts { get; set; } = [new("modules", true, null), new("database", true, null), new("scheduler", true, null), new("disk", true, null)];

    public Task<IReadOnlyList<HealthPart>> CheckAsync(CancellationToken cancellationToken) => Task.FromResult(Parts);

    public Task<string> DatabaseVersionAsync(CancellationToken cancellationToken) => Task.FromResult("SQLite 3.46.1");
}
