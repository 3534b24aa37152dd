namespace LakePortal.Engine.Queries.Analysis;

/// <summary>"Did you mean" for misspelt names.</summary>
internal static class Suggestions
{
    public static string? DidYouMean(string name, IEnumerable<string> candidates)
    {
        var near = Nearest(name, candidates, 3);
        return near.Count == 0 ? null : $"Did you mean {string.Join(" or ", near)}?";
    }

    public static IReadOnlyList<string> Nearest(string name, IEnumerable<string> candidates, int count)
    {
        var limit = Math.Max(1, name.Length / 3);
        return
        [
            .. candidates
                .Select(c => (Name: c, Distance: Distance(name.ToUpperInvariant(), c.ToUpperInvariant(), limit)))
                .Where(c => c.Distance <= limit)
                .OrderBy(c => c.Distance).ThenBy(c => c.Name, StringComparer.Ordinal)
                .Take(count)
                .Select(c => c.Name),
        ];
    }

    /// <summary>Levenshtein distance; more than <paramref name="limit"/> may come back as any larger number.</summary>
    private static int Distance(string a, string b, int limit)
    {
        if (Math.Abs(a.Length - b.Length) > limit)
        {
            return limit + 1;
        }

        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
            }
        }

        return row[b.Length];
    }
}
