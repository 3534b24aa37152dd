namespace LakePortal.Ingestion.Sources.MySql.Log;

internal enum StatementKind
{
    /// <summary>Nothing for those who follow rows.</summary>
    Other,
    Begin,
    Commit,
    Rollback,
    XaStart,
    XaEnd,
    XaUndone,
    Truncate,

    /// <summary>Changes the definition of a table, or its indexes.</summary>
    Alter,
    Create,

    /// <summary>Drops a table, or puts another one in its place, or gives it another name.</summary>
    Replace,
    DropDatabase,

    /// <summary>Changes rows, although the log is to have the rows themselves.</summary>
    Data,
}

/// <param name="Schema">Null: the session's own.</param>
internal readonly record struct NamedTable(string? Schema, string Name);

/// <summary>A statement of the binary log, as far as it matters to those who follow rows.</summary>
/// <param name="Tables">Whose definition or existence it is about; of a database its name.</param>
internal sealed record LoggedStatement(StatementKind Kind, IReadOnlyList<NamedTable> Tables)
{
    // Names and what is done to them come first; the rest of a long INSERT does not matter.
    private const int MostTokensOfData = 400;

    /// <summary>What an ALTER TABLE does to columns.</summary>
    public AlterActions Actions { get; private init; } = AlterActions.None;

    /// <summary>Of an XA COMMIT: which transaction.</summary>
    public string Transaction { get; private init; } = "";

    /// <summary>Words and names, for statements of which only the server knows what they changed.</summary>
    public IReadOnlyList<SqlToken> Tokens { get; private init; } = [];

    public static LoggedStatement Read(string sql)
    {
        var tokens = SqlTokens.Read(sql, 4);
        if (tokens.Count == 0)
        {
            return new LoggedStatement(StatementKind.Other, []);
        }

        var first = tokens[0];
        if (first.IsAny("ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "XA"))
        {
            return Definition(SqlTokens.Read(sql));
        }

        if (first.IsWord("BEGIN") || (first.IsWord("START") && tokens.Count > 1 && tokens[1].IsWord("TRANSACTION")))
        {
            return new LoggedStatement(StatementKind.Begin, []);
        }

        if (first.IsWord("COMMIT"))
        {
            return new LoggedStatement(StatementKind.Commit, []);
        }

        if (first.IsWord("ROLLBACK"))
        {
            return new LoggedStatement(tokens.Any(t => t.IsWord("TO")) ? StatementKind.Other : StatementKind.Rollback, []);
        }

        return first.IsAny("INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL", "WITH", "SELECT", "DO", "VALUES", "TABLE") || first.IsSymbol('(')
            ? new LoggedStatement(StatementKind.Data, []) { Tokens = SqlTokens.Read(sql, MostTokensOfData) }
            : new LoggedStatement(StatementKind.Other, []);
    }

    private static LoggedStatement Definition(List<SqlToken> tokens)
    {
        var at = new Cursor(tokens);
        if (at.Take("XA"))
        {
            var kind = at.TakeAny("START", "BEGIN") ? StatementKind.XaStart : at.Take("COMMIT") ? StatementKind.XaEnd : at.Take("ROLLBACK") ? StatementKind.XaUndone : StatementKind.Other;
            return new LoggedStatement(kind, []) { Transaction = string.Concat(tokens.Skip(2).TakeWhile(t => !t.IsWord("ONE")).Select(t => t.Value)) };
        }

        if (at.Take("TRUNCATE"))
        {
            _ = at.Take("TABLE");
            return new LoggedStatement(StatementKind.Truncate, at.Names());
        }

        return at.Take("ALTER") ? Alter(at) : at.Take("CREATE") ? Create(at) : at.Take("DROP") ? Drop(at) : Rename(at);
    }

    private static LoggedStatement Alter(Cursor at)
    {
        while (at.TakeAny("ONLINE", "IGNORE"))
        {
        }

        if (!at.Take("TABLE"))
        {
            return new LoggedStatement(StatementKind.Other, []);
        }

        at.SkipExists();
        var name = at.Name();
        var actions = AlterActions.Read(at.Rest);
        return new LoggedStatement(actions.IsOutsideLog ? StatementKind.Replace : StatementKind.Alter, [name]) { Actions = actions };
    }

    private static LoggedStatement Create(Cursor at)
    {
        var isReplaced = at.Take("OR") && at.Take("REPLACE");
        if (at.Take("TEMPORARY"))
        {
            return new LoggedStatement(StatementKind.Other, []);
        }

        if (at.Take("TABLE"))
        {
            at.SkipExists();
            return new LoggedStatement(isReplaced ? StatementKind.Replace : StatementKind.Create, [at.Name()]);
        }

        _ = at.TakeAny("UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR");
        return at.Take("INDEX") ? Index(at) : new LoggedStatement(StatementKind.Other, []);
    }

    private static LoggedStatement Index(Cursor at) => at.SkipTo("ON") ? new LoggedStatement(StatementKind.Alter, [at.Name()]) : new LoggedStatement(StatementKind.Other, []);

    private static LoggedStatement Drop(Cursor at)
    {
        if (at.Take("TEMPORARY"))
        {
            return new LoggedStatement(StatementKind.Other, []);
        }

        if (at.TakeAny("DATABASE", "SCHEMA"))
        {
            at.SkipExists();
            return new LoggedStatement(StatementKind.DropDatabase, [at.Name()]);
        }

        if (at.Take("INDEX"))
        {
            return Index(at);
        }

        return at.TakeAny("TABLE", "TABLES") ? new LoggedStatement(StatementKind.Replace, at.Names()) : new LoggedStatement(StatementKind.Other, []);
    }

    private static LoggedStatement Rename(Cursor at) =>
        at.Take("RENAME") && at.TakeAny("TABLE", "TABLES") ? new LoggedStatement(StatementKind.Replace, at.Names()) : new LoggedStatement(StatementKind.Other, []);

    /// <summary>Goes through a statement.</summary>
    private sealed class Cursor(List<SqlToken> tokens)
    {
        private int _at;

        public IReadOnlyList<SqlToken> Rest => tokens[_at..];

        private SqlToken Next => _at < tokens.Count ? tokens[_at] : new SqlToken(SqlTokenKind.Symbol, ";", 0);

        public bool Take(string word)
        {
            var isThere = Next.IsWord(word);
            _at += isThere ? 1 : 0;
            return isThere;
        }

        public bool TakeAny(params ReadOnlySpan<string> words)
        {
            var isThere = Next.IsAny(words);
            _at += isThere ? 1 : 0;
            return isThere;
        }

        public void SkipExists()
        {
            if (Take("IF"))
            {
                _ = Take("NOT");
                _ = Take("EXISTS");
            }
        }

        public bool SkipTo(string word)
        {
            while (_at < tokens.Count && !Next.IsWord(word))
            {
                _at++;
            }

            return Take(word);
        }

        public NamedTable Name()
        {
            if (!Next.IsName)
            {
                throw new FormatException("A statement has no name where one is expected.");
            }

            var first = tokens[_at++].Value;
            if (!Next.IsSymbol('.') || _at + 1 >= tokens.Count)
            {
                return new NamedTable(null, first);
            }

            _at += 2;
            return new NamedTable(first, tokens[_at - 1].Value);
        }

        /// <summary>All names of a list, also of <c>a TO b, c TO d</c>.</summary>
        public List<NamedTable> Names()
        {
            var names = new List<NamedTable>();
            SkipExists();
            while (_at < tokens.Count)
            {
                if (Next.IsSymbol(','))
                {
                    _at++;
                    continue;
                }

                if (!Next.IsName || (names.Count > 0 && TakeAny("TO", "WAIT", "NOWAIT", "RESTRICT", "CASCADE", "FORCE")))
                {
                    if (!Next.IsName)
                    {
                        break;
                    }

                    continue;
                }

                names.Add(Name());
            }

            return names;
        }
    }
}
