namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>What an ALTER TABLE does to the names of columns. What columns are afterwards the catalogs say; this tells which of them is which.</summary>
internal sealed class AlterActions
{
    public static readonly AlterActions None = new();

    /// <summary>Number of columns that came with a statement.</summary>
    public const short Added = 0;

    private readonly List<(string? Old, string? New)> _steps = [];
    private readonly List<string> _added = [];

    /// <summary>Rows came or went, or the table is another one, without rows in the log.</summary>
    public bool IsOutsideLog { get; private set; }

    /// <param name="tokens">Behind the table's name.</param>
    public static AlterActions Read(IReadOnlyList<SqlToken> tokens)
    {
        var actions = new AlterActions();
        foreach (var action in Split(tokens, 0))
        {
            actions.Add(action);
        }

        return actions;
    }

    /// <summary>Follows names through the statement.</summary>
    /// <param name="names">Name and number of each column before.</param>
    /// <returns>The numbers of columns by their names afterwards.</returns>
    public Dictionary<string, short> Follow(IReadOnlyDictionary<string, short> names)
    {
        // All actions of a statement name columns as they were before it.
        var result = new Dictionary<string, short>(names, StringComparer.OrdinalIgnoreCase);
        foreach (var (old, _) in _steps.Where(s => s.Old is not null))
        {
            _ = result.Remove(old!);
        }

        foreach (var (old, name) in _steps.Where(s => s is { Old: not null, New: not null }))
        {
            if (names.TryGetValue(old!, out var number))
            {
                result[name!] = number;
            }
        }

        foreach (var name in _added)
        {
            // That it may be there already is allowed by IF NOT EXISTS.
            _ = result.TryAdd(name, Added);
        }

        return result;
    }

    private static IEnumerable<List<SqlToken>> Split(IEnumerable<SqlToken> tokens, int depth)
    {
        var part = new List<SqlToken>();
        foreach (var token in tokens)
        {
            if (token.IsSymbol(',') && token.Depth == depth)
            {
                yield return part;
                part = [];
            }
            else
            {
                part.Add(token);
            }
        }

        yield return part;
    }

    private void Add(List<SqlToken> action)
    {
        // NOWAIT and WAIT n come before the first action.
        var at = action.Count > 0 && action[0].IsWord("NOWAIT") ? 1 : action.Count > 1 && action[0].IsWord("WAIT") ? 2 : 0;
        if (at >= action.Count)
        {
            return;
        }

        var rest = action[(at + 1)..];
        switch (action[at].Value.ToUpperInvariant())
        {
            case "ADD" when (rest.Count == 0 || !rest[0].IsAny("PARTITION", "SYSTEM", "PERIOD")) && Columns(rest) is { } columns:
                _added.AddRange(columns);
                break;
            case "DROP" when Column(rest, out var dropped) is { } i:
                _steps.Add((dropped[i].Value, null));
                break;
            case "CHANGE" when Column(rest, out var changed) is { } i && i + 1 < changed.Count:
                _steps.Add((changed[i].Value, changed[i + 1].Value));
                break;
            case "RENAME" when rest.Count > 3 && rest[0].IsWord("COLUMN") && Column(rest, out var renamed) is { } i && i + 2 < renamed.Count:
                _steps.Add((renamed[i].Value, renamed[i + 2].Value));
                break;
            case "RENAME" when rest.Count > 0 && !rest[0].IsAny("COLUMN", "INDEX", "KEY"):
            case "ADD" or "DROP" when rest.Count > 0 && rest[0].IsAny("PARTITION", "SYSTEM", "PERIOD"):
            case "PARTITION" or "REMOVE" or "COALESCE" or "REORGANIZE" or "EXCHANGE" or "TRUNCATE" or "DISCARD" or "IMPORT" or "REBUILD":
            case "CONVERT" when rest.Count > 0 && rest[0].IsAny("PARTITION", "TABLE"):
                IsOutsideLog = true;
                break;
            default:
                // What is added has no past; what is modified keeps its name.
                break;
        }

        IsOutsideLog |= action.Any(t => t.Depth == 0 && t.IsAny("PARTITION", "PARTITIONS"));
    }

    /// <returns>Names of what is added; null: no columns.</returns>
    private static List<string>? Columns(List<SqlToken> tokens)
    {
        var from = tokens.FindIndex(t => t.IsSymbol('('));
        var isList = from == 0 || (from == 1 && tokens[0].IsWord("COLUMN")) || (from > 0 && tokens.Take(from).All(t => t.IsAny("COLUMN", "IF", "NOT", "EXISTS")));
        if (!isList)
        {
            return Column(tokens, out var all) is { } i ? [all[i].Value] : null;
        }

        return [.. Split(tokens.Skip(from + 1).TakeWhile(t => t.Depth > 0), 1).Where(c => c.Count > 0 && Column(c, out _) == 0).Select(c => c[0].Value)];
    }

    /// <returns>Where the name of a column is; null: the action is about something else.</returns>
    private static int? Column(List<SqlToken> tokens, out List<SqlToken> all)
    {
        all = tokens;
        var isColumn = tokens.Count > 0 && tokens[0].IsWord("COLUMN");
        var i = isColumn ? 1 : 0;
        if (!isColumn && tokens.Count > 1 && tokens[0].IsAny("INDEX", "KEY", "PRIMARY", "FOREIGN", "CONSTRAINT", "CHECK", "PARTITION", "SYSTEM", "PERIOD", "UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"))
        {
            return null;
        }

        if (i < tokens.Count && tokens[i].IsWord("IF"))
        {
            i++;
            i += i < tokens.Count && tokens[i].IsWord("NOT") ? 1 : 0;
            i += i < tokens.Count && tokens[i].IsWord("EXISTS") ? 1 : 0;
        }

        return i < tokens.Count && tokens[i].IsName ? i : null;
    }
}
