using LakePortal.Ingestion.Capture.Landing;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>A captured table whose rows change with those of another one, without a word in the log.</summary>
/// <param name="Columns">Of the other one: changes of these are passed on.</param>
internal sealed record Cascade(CapturedTable Child, IReadOnlyList<string> Columns, bool OnDelete, bool OnUpdate);

/// <summary>
/// Foreign keys that delete or change rows themselves. The storage engine does that, so the log of rows has nothing of it: whoever follows it has to know.
/// </summary>
/// <param name="find">The captured table of a name.</param>
internal sealed class Cascades(Func<string, string, CapturedTable?> find)
{
    private const string Sql =
        """
        SELECT k.TABLE_SCHEMA, k.TABLE_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE
        FROM information_schema.REFERENTIAL_CONSTRAINTS AS r JOIN information_schema.KEY_COLUMN_USAGE AS k
          ON k.CONSTRAINT_SCHEMA = r.CONSTRAINT_SCHEMA AND k.CONSTRAINT_NAME = r.CONSTRAINT_NAME AND k.TABLE_NAME = r.TABLE_NAME
        WHERE r.DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') OR r.UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
        """;

    private ILookup<(string Schema, string Name), Cascade>? _byParent;

    /// <summary>A definition changed.</summary>
    public void Forget() => _byParent = null;

    public IEnumerable<Cascade> Of(string schema, string name, ISourceLook look) => (_byParent ??= Read(look.Ask(c => c.Query(Sql))))[(schema, name)];

    private ILookup<(string Schema, string Name), Cascade> Read(List<string?[]> rows)
    {
        var links = rows.Select(r => (Child: (r[0]!, r[1]!), Parent: (r[2]!, r[3]!), Column: r[4]!, OnDelete: IsPassedOn(r[5]!), OnUpdate: IsPassedOn(r[6]!))).ToList();
        var found = new List<((string, string) Parent, Cascade Cascade)>();
        foreach (var link in links.GroupBy(l => (l.Child, l.Parent, l.OnDelete, l.OnUpdate)))
        {
            // What changes a table that passes it on changes the tables behind it, too.
            var reached = new HashSet<(string, string)>();
            var open = new Queue<(string, string)>([link.Key.Child]);
            while (open.TryDequeue(out var table))
            {
                if (reached.Add(table))
                {
                    foreach (var next in links.Where(l => l.Parent == table))
                    {
                        open.Enqueue(next.Child);
                    }
                }
            }

            var columns = link.Select(l => l.Column).Distinct().ToList();
            found.AddRange(reached.Select(t => find(t.Item1, t.Item2)).Where(c => c is not null).Select(c => (link.Key.Parent, new Cascade(c!, columns, link.Key.OnDelete, link.Key.OnUpdate))));
        }

        return found.ToLookup(f => f.Parent, f => f.Cascade);
    }

    private static bool IsPassedOn(string rule) => rule is "CASCADE" or "SET NULL" or "SET DEFAULT";
}
