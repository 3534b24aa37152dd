namespace LakePortal.Processing.Pipelines.Definition;

/// <summary>Orders tasks by their dependencies.</summary>
internal static class TaskGraph
{
    /// <summary>Topological order that keeps the given order where dependencies allow; or the cycle that prevents one, first task repeated at its end.</summary>
    /// <param name="after">Names in order, each with the names it waits for; all of them must be there.</param>
    public static (IReadOnlyList<string> Order, IReadOnlyList<string>? Cycle) Sort(IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> after)
    {
        var order = new List<string>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        while (order.Count < after.Count)
        {
            var next = after.Where(t => !done.Contains(t.Key) && t.Value.All(done.Contains)).Select(t => t.Key).FirstOrDefault();
            if (next is null)
            {
                return (order, FindCycle(after.Where(t => !done.Contains(t.Key)).ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal)));
            }

            order.Add(next);
            done.Add(next);
        }

        return (order, null);
    }

    /// <summary>Everything that comes after <paramref name="roots"/>, directly or not, the roots included.</summary>
    public static HashSet<string> Downstream(IReadOnlyList<PipelineTask> ordered, IEnumerable<string> roots)
    {
        var reached = new HashSet<string>(roots, StringComparer.Ordinal);
        foreach (var task in ordered)
        {
            if (task.After.Any(reached.Contains))
            {
                reached.Add(task.Name);
            }
        }

        return reached;
    }

    private static List<string> FindCycle(Dictionary<string, IReadOnlyList<string>> stuck)
    {
        // Every stuck task waits for another stuck one, so following any such edge must come back to a task seen before.
        var path = new List<string>();
        var at = stuck.Keys.First();
        while (!path.Contains(at, StringComparer.Ordinal))
        {
            path.Add(at);
            at = stuck[at].First(stuck.ContainsKey);
        }

        var cycle = path[path.IndexOf(at)..];
        cycle.Reverse();
        cycle.Add(cycle[0]);
        return cycle;
    }
}
