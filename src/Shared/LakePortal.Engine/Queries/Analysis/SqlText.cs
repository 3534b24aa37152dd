namespace LakePortal.Engine.Queries.Analysis;

internal enum ExplainMode
{
    None,
    Explain,
    Analyze,
}

/// <summary>The little that is read from SQL text itself: a leading EXPLAIN, and line and column of a position.</summary>
internal static class SqlText
{
    /// <summary>
    /// Splits off a leading <c>EXPLAIN [ANALYZE]</c>, which DuckDB's parse-tree function does not take. Getting this wrong cannot let anything
    /// pass: the rest is parsed by DuckDB, and only what was parsed is ever run.
    /// </summary>
    public static (ExplainMode Mode, int BodyStart) SplitExplain(string sql)
    {
        var at = SkipBlank(sql, 0);
        if (!TakeWord(sql, ref at, "EXPLAIN"))
        {
            return (ExplainMode.None, 0);
        }

        var afterExplain = at;
        at = SkipBlank(sql, at);
        return TakeWord(sql, ref at, "ANALYZE") ? (ExplainMode.Analyze, at) : (ExplainMode.Explain, afterExplain);
    }

    /// <summary>Line and column, from 1, of a position in code points, as DuckDB counts.</summary>
    public static (int Line, int Column) Place(string sql, int position)
    {
        var (line, column, seen) = (1, 1, 0);
        foreach (var rune in sql.EnumerateRunes())
        {
            if (seen++ >= position)
            {
                break;
            }

            (line, column) = rune.Value == '\n' ? (line + 1, 1) : (line, column + 1);
        }

        return (line, column);
    }

    private static bool TakeWord(string sql, ref int at, string word)
    {
        var end = at + word.Length;
        if (end > sql.Length || string.Compare(sql, at, word, 0, word.Length, StringComparison.OrdinalIgnoreCase) != 0
            || (end < sql.Length && (char.IsLetterOrDigit(sql[end]) || sql[end] == '_')))
        {
            return false;
        }

        at = end;
        return true;
    }

    private static int SkipBlank(string sql, int at)
    {
        while (at < sql.Length)
        {
            if (char.IsWhiteSpace(sql[at]))
            {
                at++;
            }
            else if (string.CompareOrdinal(sql, at, "--", 0, 2) == 0)
            {
                var end = sql.IndexOf('\n', at);
                at = end < 0 ? sql.Length : end + 1;
            }
            else if (string.CompareOrdinal(sql, at, "/*", 0, 2) == 0)
            {
                var end = sql.IndexOf("*/", at + 2, StringComparison.Ordinal);
                at = end < 0 ? sql.Length : end + 2;
            }
            else
            {
                break;
            }
        }

        return at;
    }
}
