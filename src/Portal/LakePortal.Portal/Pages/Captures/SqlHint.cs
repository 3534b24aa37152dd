namespace LakePortal.Portal.Pages.Captures;

/// <summary>The statements in a hint, so that they can be copied without the words around them.</summary>
internal static class SqlHint
{
    private static readonly string[] Verbs = ["ALTER ", "CREATE ", "DROP ", "GRANT ", "REVOKE ", "SELECT ", "SET "];

    /// <returns>Each statement that begins with a verb in capitals and is ended by a semicolon; none that leaves something to fill in.</returns>
    public static IReadOnlyList<string> Statements(string? hint)
    {
        var found = new List<string>();
        var at = 0;
        while (hint is not null && at < hint.Length)
        {
            if (!StartsStatement(hint, at) || End(hint, at) is not { } end)
            {
                at++;
                continue;
            }

            if (hint[at..end] is var statement && !statement.Contains('…', StringComparison.Ordinal) && !statement.Contains("...", StringComparison.Ordinal))
            {
                found.Add(statement);
            }

            at = end;
        }

        return found;
    }

    private static bool StartsStatement(string hint, int at) =>
        (at == 0 || hint[at - 1] is ' ' or '\n' or '(') && Verbs.Any(v => string.CompareOrdinal(hint, at, v, 0, v.Length) == 0);

    /// <summary>Behind the semicolon; one in quotes does not end it.</summary>
    private static int? End(string hint, int at)
    {
        char? quote = null;
        for (var i = at; i < hint.Length; i++)
        {
            if (quote is not null)
            {
                quote = hint[i] == quote ? null : quote;
            }
            else if (hint[i] is '\'' or '"')
            {
                quote = hint[i];
            }
            else if (hint[i] == ';')
            {
                return i + 1;
            }
        }

        return null;
    }
}
