using LakePortal.Engine.Queries;
using LakePortal.Iceberg;
using LakePortal.Kernel.Identity;

namespace LakePortal.Serving.Tests;

/// <summary>Lets everybody read everything, except what a test hides.</summary>
internal sealed class OpenDoor : IQueryAuthorizer
{
    public HashSet<TableIdentifier> Hidden { get; } = [];

    public Task<AccessDecision> AuthorizeAsync(Caller caller, IReadOnlyList<TableUse> tables, CancellationToken cancellationToken) =>
        Task.FromResult(new AccessDecision(true, null, new Dictionary<TableIdentifier, TableRestriction>()));

    public Task<IReadOnlyList<TableIdentifier>> VisibleAsync(Caller caller, IReadOnlyList<TableIdentifier> tables, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<TableIdentifier>>([.. tables.Where(t => !Hidden.Contains(t))]);
}
