namespace LakePortal.Kernel.Live;

/// <summary>
/// In-process announcements that something changed, for pages that show it. Carries no data: readers fetch the full state again, so a
/// lost or doubled announcement does no harm. Topics: <c>runs</c>, <c>run/&lt;id&gt;</c>, <c>sources</c>, <c>syncs</c>, <c>sync/&lt;name&gt;</c>,
/// <c>pipelines</c>, <c>tables</c>, <c>table/&lt;ns.name&gt;</c>, <c>users</c>, <c>dashboards</c>.
/// </summary>
public interface IChangeFeed
{
    void Publish(string topic);

    /// <summary>Calls <paramref name="changed"/> after changes, coalesced, never concurrently with itself, until disposed.</summary>
    IDisposable Subscribe(IReadOnlyCollection<string> topics, Func<Task> changed);
}
