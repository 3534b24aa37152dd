using System.Text;

namespace LakePortal.Ingestion.Sources.MySql.Log;

internal enum SqlTokenKind
{
    /// <summary>A keyword, a name or a number.</summary>
    Word,

    /// <summary>A name in quotes, without them.</summary>
    Quoted,

    /// <summary>A text, without its quotes.</summary>
    Text,

    Symbol,
}

/// <param name="Depth">How many parentheses are open around it; those themselves are outside.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Value, int Depth)
{
    public bool IsWord(string word) => Kind == SqlTokenKind.Word && Value.Equals(word, StringComparison.OrdinalIgnoreCase);

    public bool IsAny(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (IsWord(word))
            {
                return true;
            }
        }

        return false;
    }

    public bool IsSymbol(char symbol) => Kind == SqlTokenKind.Symbol && Value[0] == symbol;

    public bool IsName => Kind is SqlTokenKind.Word or SqlTokenKind.Quoted;
}

/// <summary>Cuts a statement into words, names, texts and symbols. Comments are left out, but for those that the server executes.</summary>
internal static class SqlTokens
{
    /// <param name="sql">As it was logged.</param>
    /// <param name="most">Stops after so many: long statements are known by their beginning.</param>
    public static List<SqlToken> Read(string sql, int most = int.MaxValue)
    {
        var tokens = new List<SqlToken>();
        var (i, depth) = (0, 0);
        while (i < sql.Length && tokens.Count < most)
        {
            var c = sql[i];
            if (char.IsWhiteSpace(c))
            {
                i++;
            }
            else if (Comment(sql, ref i))
            {
                continue;
            }
            else if (c is '`' or '"' or '\'')
            {
                var value = Quoted(sql, ref i);
                tokens.Add(new SqlToken(c == '\'' ? SqlTokenKind.Text : SqlTokenKind.Quoted, value, depth));
            }
            else if (IsPartOfWord(c))
            {
                var start = i;
                while (i < sql.Length && IsPartOfWord(sql[i]))
                {
                    i++;
                }

                tokens.Add(new SqlToken(SqlTokenKind.Word, sql[start..i], depth));
            }
            else
            {
                depth -= c == ')' ? 1 : 0;
                tokens.Add(new SqlToken(SqlTokenKind.Symbol, c.ToString(), depth));
                depth += c == '(' ? 1 : 0;
                i++;
            }
        }

        return tokens;
    }

    private static bool IsPartOfWord(char c) => char.IsLetterOrDigit(c) || c is '_' or '$' or '@' || c >= '\u0080';

    /// <returns>Whether a comment was there; the place is behind it, or inside one that is executed.</returns>
    private static bool Comment(string sql, ref int i)
    {
        var rest = sql.AsSpan(i);
        if (rest.StartsWith("/*!") || rest.StartsWith("/*M!"))
        {
            i += rest.IndexOf('!') + 1;
            while (i < sql.Length && char.IsAsciiDigit(sql[i]))
            {
                i++;
            }

            return true;
        }

        if (rest.StartsWith("*/"))
        {
            i += 2;
            return true;
        }

        if (rest.StartsWith("/*"))
        {
            var end = rest.IndexOf("*/");
            i += end < 0 ? rest.Length : end + 2;
            return true;
        }

        if (rest[0] == '#' || (rest.StartsWith("--") && (rest.Length == 2 || char.IsWhiteSpace(rest[2]) || char.IsControl(rest[2]))))
        {
            var end = rest.IndexOf('\n');
            i += end < 0 ? rest.Length : end + 1;
            return true;
        }

        return false;
    }

    private static string Quoted(string sql, ref int i)
    {
        var quote = sql[i++];
        var text = new StringBuilder();
        while (i < sql.Length)
        {
            var c = sql[i++];
            if (c == quote)
            {
                if (i < sql.Length && sql[i] == quote)
                {
                    text.Append(quote);
                    i++;
                    continue;
                }

                break;
            }

            if (c == '\\' && quote != '`' && i < sql.Length)
            {
                c = sql[i++];
            }

            text.Append(c);
        }

        return text.ToString();
    }
}
