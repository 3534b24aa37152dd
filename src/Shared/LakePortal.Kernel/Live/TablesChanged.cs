using MediatR;

namespace LakePortal.Kernel.Live;

/// <summary>A snapshot was committed to a lake table. Pipelines with <c>when_changed</c> wait for it; pages refresh.</summary>
/// <param name="Table"><c>namespace.name</c>.</param>
public sealed record TableChanged(string Table, long? SnapshotId) : INotification;
