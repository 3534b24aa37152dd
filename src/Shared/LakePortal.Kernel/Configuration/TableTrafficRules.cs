using LakePortal.Kernel.Errors;

namespace LakePortal.Kernel.Configuration;

/// <summary>Rules about tables that hold over all kinds: a table with a sole writer has no other, nothing starts itself by what it writes, and what is read is there or will be.</summary>
/// <param name="planned">Of the documents that are being applied, in their order.</param>
/// <param name="saved">Of the objects that are there and stay as they are.</param>
internal sealed class TableTrafficRules(IReadOnlyList<(ConfigDocument Document, TableTraffic Traffic)> planned, IReadOnlyList<TableTraffic> saved)
{
    public IEnumerable<InputFault> Faults() => SecondWriters().Concat(Circles());

    /// <summary>Tables that are read, are not there, and that nothing will make.</summary>
    public IEnumerable<string> Warnings(ConfigDocument document, TableTraffic traffic)
    {
        var written = saved.Concat(planned.Select(p => p.Traffic)).SelectMany(t => t.Writes).Select(w => w.Table).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return traffic.Missing.Where(m => !written.Contains(m.Table))
            .Select(m => ConfigBinder.Warning(document, m.Path, $"There is no table '{m.Table}', and nothing that is configured writes it.", m.Hint));
    }

    private IEnumerable<InputFault> SecondWriters()
    {
        var writers = saved.SelectMany(t => t.Writes.Select(w => (w.Table, Traffic: t)))
            .GroupBy(w => w.Table, w => w.Traffic, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.ToList(), StringComparer.Ordinal);
        foreach (var (document, traffic) in planned)
        {
            foreach (var (table, path) in traffic.Writes)
            {
                if (!writers.TryGetValue(table, out var others))
                {
                    writers[table] = others = [];
                }

                if (others.Find(o => (o.Kind, o.Name) != (traffic.Kind, traffic.Name) && (o.IsSoleWriter || traffic.IsSoleWriter)) is { } other)
                {
                    var sole = other.IsSoleWriter ? other : traffic;
                    yield return ConfigBinder.Fault(document, path, $"The {other.Kind} '{other.Name}' writes to {table} already.",
                        $"A {sole.Kind} needs its tables for itself, or two writers would replace each other's rows: let {traffic.Kind} '{traffic.Name}' write to another table.");
                }

                others.Add(traffic);
            }
        }
    }

    private IEnumerable<InputFault> Circles()
    {
        var all = saved.Concat(planned.Select(p => p.Traffic)).GroupBy(t => (t.Kind, t.Name)).ToDictionary(g => g.Key, g => g.Last());
        var waiting = all.Values.SelectMany(t => t.StartedBy.Select(p => (p.Table, Traffic: t))).ToLookup(w => w.Table, w => w.Traffic, StringComparer.Ordinal);
        HashSet<(string, string)> told = [];
        foreach (var (document, traffic) in planned.Where(p => p.Traffic.StartedBy.Count > 0))
        {
            if (told.Contains((traffic.Kind, traffic.Name)) || FindCircle(traffic, all, waiting) is not { } steps)
            {
                continue;
            }

            told.UnionWith(steps.Select(s => (s.Next.Kind, s.Next.Name)));
            var circle = string.Join(" → ", steps.SelectMany(s => new[] { s.Table, s.Next.Name }).Prepend(traffic.Name));
            var path = traffic.StartedBy.First(p => p.Table == steps[^1].Table).Path;
            yield return ConfigBinder.Fault(document, path, $"The {traffic.Kind} '{traffic.Name}' would start itself for ever: {circle}.", "Let one of them wait for other tables, or run it by a schedule.");
        }
    }

    /// <summary>The shortest way from what an object writes back to itself; null: there is none.</summary>
    private static List<(string Table, TableTraffic Next)>? FindCircle(
        TableTraffic start, Dictionary<(string, string), TableTraffic> all, ILookup<string, TableTraffic> waiting)
    {
        var came = new Dictionary<TableTraffic, (string Table, TableTraffic From)>(ReferenceEqualityComparer.Instance);
        var queue = new Queue<TableTraffic>([start]);
        while (queue.TryDequeue(out var from))
        {
            foreach (var table in Written(from, all))
            {
                foreach (var next in waiting[table].Where(n => !came.ContainsKey(n)))
                {
                    came[next] = (table, from);
                    queue.Enqueue(next);
                }
            }

            if (came.ContainsKey(start))
            {
                break;
            }
        }

        if (!came.ContainsKey(start))
        {
            return null;
        }

        List<(string, TableTraffic)> steps = [];
        var at = start;
        do
        {
            steps.Insert(0, (came[at].Table, at));
            at = came[at].From;
        }
        while (at != start);

        return steps;
    }

    /// <summary>By itself and by what it runs.</summary>
    private static HashSet<string> Written(TableTraffic traffic, Dictionary<(string, string), TableTraffic> all)
    {
        HashSet<TableTraffic> run = new(ReferenceEqualityComparer.Instance);
        HashSet<string> tables = new(StringComparer.Ordinal);
        var queue = new Queue<TableTraffic>([traffic]);
        while (queue.TryDequeue(out var at))
        {
            if (run.Add(at))
            {
                tables.UnionWith(at.Writes.Select(w => w.Table));
                foreach (var started in at.Starts.Where(all.ContainsKey))
                {
                    queue.Enqueue(all[started]);
                }
            }
        }

        return tables;
    }
}
