using System.Text.Json.Nodes;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>
/// Decides which columns of which table a statement may read. It may name too many, never too few: a scan offers nothing but these columns,
/// so one that was overlooked would fail to bind instead of being read without authorisation.
/// </summary>
internal static class ColumnResolver
{
    /// <summary>Marks the columns used, and gives tables of the same name in one FROM names of their own.</summary>
    public static void Resolve(StatementAnalysis analysis)
    {
        foreach (var scope in analysis.Scopes)
        {
            NameApart(scope);
            if (scope.UsesAllColumns)
            {
                scope.Tables.ForEach(t => t.UseAll());
            }

            foreach (var (table, column) in scope.Tables.SelectMany(t => scope.UsingColumns.Select(c => (t, c))))
            {
                table.Use(column);
            }
        }

        foreach (var star in analysis.Stars)
        {
            UseStar(star);
        }

        foreach (var mention in analysis.Columns)
        {
            Use(mention);
        }
    }

    /// <summary>The one table of the SELECT itself (not of one around it) to which the name belongs for certain; else null.</summary>
    public static (TableOccurrence Table, ExposedColumn Column)? Certain(JsonObject columnRef, SelectScope scope)
    {
        var names = columnRef.Texts("column_names").ToList();
        switch (names.Count)
        {
            case 1:
                if (scope.UsesAllColumns || scope.UsingColumns.Contains(names[0]) || scope.SelectAliases.Contains(names[0]))
                {
                    return null;
                }

                var owners = scope.Tables.Where(t => t.Find(names[0]) is not null).ToList();
                return owners.Count == 1 ? (owners[0], owners[0].Find(names[0])!) : null;
            case 2:
                var named = scope.Tables.Where(t => Same(t.Alias, names[0])).ToList();
                return named.Count == 1 && !scope.OtherAliases.Contains(names[0]) && !scope.UsesAllColumns && named[0].Find(names[1]) is { } column
                    ? (named[0], column)
                    : null;
            default:
                return null;
        }
    }

    private static void NameApart(SelectScope scope)
    {
        foreach (var twins in scope.Tables.Where(t => !t.HasAlias).GroupBy(t => t.WrittenName, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1))
        {
            foreach (var twin in twins)
            {
                twin.Alias = twin.WrittenFullName;
            }
        }
    }

    private static void UseStar(StarMention star)
    {
        if (star.Relation.Length == 0)
        {
            star.Scope.Tables.ForEach(t => t.UseAll());
            return;
        }

        for (var scope = star.Scope; scope is not null; scope = scope.Parent)
        {
            scope.Tables.Where(t => Same(t.Alias, star.Relation) || Same(t.WrittenName, star.Relation)).ToList().ForEach(t => t.UseAll());
        }
    }

    private static void Use(ColumnMention mention)
    {
        var names = mention.Node.Texts("column_names").ToList();
        for (var scope = mention.Scope; scope is not null; scope = scope.Parent)
        {
            if (names.Count >= 3 && scope.Tables.Find(t => !t.HasAlias && Same(t.WrittenNamespace, names[0]) && Same(t.WrittenName, names[1])) is { } full)
            {
                full.Use(names[2]);
                mention.Node["column_names"] = new JsonArray([.. names.Skip(2).Prepend(full.Alias).Select(n => (JsonNode)n)]);
                return;
            }

            if (names.Count >= 2)
            {
                var named = scope.Tables.Where(t => Same(t.Alias, names[0])).ToList();
                named.ForEach(t => t.Use(names[1]));
                if (named.Count > 0 || scope.OtherAliases.Contains(names[0]))
                {
                    return;
                }
            }

            var owners = scope.Tables.Where(t => t.Use(names[0])).ToList();
            if (owners.Count > 0)
            {
                return;
            }

            // A table's name by itself is its whole row.
            var rows = names.Count == 1 ? scope.Tables.Where(t => Same(t.Alias, names[0])).ToList() : [];
            rows.ForEach(t => t.UseAll());
            if (rows.Count > 0)
            {
                return;
            }
        }
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
