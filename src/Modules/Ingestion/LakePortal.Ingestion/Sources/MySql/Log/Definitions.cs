using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.State;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>
/// The columns of captured tables at each place of the log. They begin as a load found them, and change with the statements in the log: what the statement made of
/// them is asked of the catalogs, and believed only where the log from the statement to its end has no other one that is about the table. Where that
/// cannot be told the table is loaded again, so that no row is ever read by the wrong columns. Of the reading thread.
/// </summary>
internal sealed class Definitions(CaptureServices services, SourceDefinition source, CaptureTables tables, ISourceLook look)
{
    private readonly Dictionary<CapturedTable, (string Json, TableVersions Versions)> _parsed = [];
    private readonly Dictionary<CapturedTable, List<AlterActions>> _pending = [];

    /// <summary>One line for each column; it changes with anything that decides how its values are read.</summary>
    public static string Text(SourceTable table) =>
        string.Join('\n', table.Columns.Cast<MySqlColumn>().Select(c => $"{c.Name}\t{c.DisplayType}\t{c.Charset}\t{(c.IsGenerated ? "generated" : "")}"));

    /// <summary>The table's columns in a group of events.</summary>
    /// <returns>Null: its changes are not taken for now.</returns>
    public TableVersion? At(CapturedTable table, LogPosition group)
    {
        if (_pending.ContainsKey(table))
        {
            Reload(table, $"Its definition changed several times, and changes of rows came in between: {table.Sync.SourceTable} is loaded anew.");
            return null;
        }

        return Versions(table).At(group) ?? Learn(table, group);
    }

    /// <summary>A statement was logged.</summary>
    /// <param name="statement">What it does.</param>
    /// <param name="schema">Of its session.</param>
    /// <param name="group">Where its group begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <returns>Tables that it empties.</returns>
    public IReadOnlyList<CapturedTable> Apply(LoggedStatement statement, string schema, LogPosition group, LogPosition end)
    {
        if (statement.Kind == StatementKind.Data)
        {
            foreach (var table in tables.All.Where(t => t.Wants(group) && MayChange(statement, schema, t)))
            {
                LoadAgain(table, group, "A change was logged as a statement (binlog_format is not ROW in some session), not as rows");
            }

            return [];
        }

        var named = tables.All.Where(t => statement.Tables.Any(n => Is(t, statement, n, schema))).ToList();
        foreach (var table in named.Where(t => statement.Kind is StatementKind.Create or StatementKind.Replace && t.State == CaptureStates.Held && t.Reason == GoneMessage(t)))
        {
            Reload(table, $"The table {table.Sync.SourceTable} is there again: it is loaded anew.");
        }

        var wanted = named.Where(t => t.Wants(group)).ToList();
        if (statement.Kind == StatementKind.Truncate)
        {
            return wanted;
        }

        foreach (var table in wanted.Where(_ => statement.Kind is not StatementKind.Create))
        {
            Change(table, statement, group, end);
        }

        return [];
    }

    /// <summary>Rows of the table have another value than the log says, or will have: it is loaded once more, and followed meanwhile.</summary>
    public void LoadAgain(CapturedTable table, LogPosition at, string why)
    {
        if (table.IsNeededFrom(at) || !table.Need($"{why}: {table.Sync.SourceTable} is loaded again.", at))
        {
            return;
        }

        InTurn(table, async () =>
        {
            if (table.State is CaptureStates.Streaming or CaptureStates.Loading)
            {
                _ = await services.Store.ChangeTableAsync(table.Name, source.Name, r => r.State = r.State == CaptureStates.Streaming ? CaptureStates.Loading : r.State, CancellationToken.None);
                await services.Store.AddEventAsync(source.Name, table.Name, "schema-change", table.NeedsLoad!, at, CancellationToken.None);
            }
        });
    }

    /// <summary>Its changes are not taken until it is loaded.</summary>
    public void Reload(CapturedTable table, string why)
    {
        _ = _pending.Remove(table);
        InTurn(table, () => services.Lander.ReloadAsync(source.Name, table, why, CancellationToken.None));
    }

    public void Hold(CapturedTable table, CaptureHeldException why)
    {
        _ = _pending.Remove(table);
        InTurn(table, () => services.Lander.HoldAsync(source.Name, table, why, CancellationToken.None));
    }

    private static string GoneMessage(CapturedTable table) => $"The table {table.Sync.SourceTable} was dropped or renamed; the lake keeps what it had.";

    private static bool Is(CapturedTable table, LoggedStatement statement, NamedTable named, string schema) => statement.Kind == StatementKind.DropDatabase
        ? table.Sync.Schema.Equals(named.Name, StringComparison.OrdinalIgnoreCase)
        : table.Sync.Table.Equals(named.Name, StringComparison.OrdinalIgnoreCase) && table.Sync.Schema.Equals(named.Schema ?? schema, StringComparison.OrdinalIgnoreCase);

    /// <summary>Through triggers and functions a statement can change what it does not name; those are of its session's database, as a rule, or of one that it names.</summary>
    private static bool MayChange(LoggedStatement statement, string schema, CapturedTable table) =>
        table.Sync.Schema.Equals(schema, StringComparison.OrdinalIgnoreCase)
        || statement.Tokens.Any(t => t.IsName && (t.Value.Equals(table.Sync.Schema, StringComparison.OrdinalIgnoreCase) || t.Value.Equals(table.Sync.Table, StringComparison.OrdinalIgnoreCase)));

    private TableVersions Versions(CapturedTable table)
    {
        if (table.Landed?.Versions is not { } json)
        {
            return TableVersions.None;
        }

        if (!_parsed.TryGetValue(table, out var parsed) || parsed.Json != json)
        {
            _parsed[table] = parsed = (json, TableVersions.Parse(json));
        }

        return parsed.Versions;
    }

    /// <summary>Changes come before a load has said what the columns are.</summary>
    private TableVersion? Learn(CapturedTable table, LogPosition group)
    {
        if (Ask(table) is not { } asked)
        {
            return null;
        }

        if (look.Scan(table.Sync.Schema, table.Sync.Table, group, asked.At) != ScanResult.Nothing)
        {
            Reload(table, $"The definition of {table.Sync.SourceTable} changed behind what is read of the log, so what it was is not known: the table is loaded anew.");
            return null;
        }

        return Save(table, asked.Table, group, TableVersions.Known(table.Landed).Numbers);
    }

    /// <returns>Null: it is not there, or cannot be followed.</returns>
    private (MySqlTable Table, LogPosition At)? Ask(CapturedTable table)
    {
        var (found, at) = look.Describe(table.Sync.Schema, table.Sync.Table);
        if (found is null)
        {
            Hold(table, new CaptureHeldException(table.Name, GoneMessage(table), "Delete the sync; or, once the table is there again, restart the capture of the sync."));
            return null;
        }

        if (BinlogStart.Refusal(table, found) is { } refusal)
        {
            Hold(table, refusal);
            return null;
        }

        return (found, at);
    }

    private void Change(CapturedTable table, LoggedStatement statement, LogPosition group, LogPosition end)
    {
        if (Ask(table) is not { } asked)
        {
            return;
        }

        if (statement.Kind is StatementKind.Replace or StatementKind.DropDatabase)
        {
            Reload(table, $"The table {table.Sync.SourceTable} was made again or renamed, or rows of it came or went without being in the log: it is loaded anew.");
            return;
        }

        // Read once before: the process ended behind it.
        var versions = Versions(table);
        if (versions.At(group) is not { } before || versions.All.Any(v => v.From == end.Value))
        {
            return;
        }

        if (!_pending.TryGetValue(table, out var actions))
        {
            actions = [];
        }

        actions.Add(statement.Actions);
        switch (look.Scan(table.Sync.Schema, table.Sync.Table, end, asked.At))
        {
            case ScanResult.Nothing:
                _ = _pending.Remove(table);
                Follow(table, before, actions, asked.Table, group, end);
                break;
            case ScanResult.AnotherStatement:
                // No row comes in between: what columns are there does not matter to anybody.
                _pending[table] = actions;
                break;
            default:
                Reload(table, $"The definition of {table.Sync.SourceTable} changed several times, with changes of rows in between: the table is loaded anew.");
                break;
        }
    }

    private void Follow(CapturedTable table, TableVersion before, List<AlterActions> actions, MySqlTable now, LogPosition group, LogPosition end)
    {
        var names = before.Columns.ToDictionary(c => c.Name, c => c.Number, StringComparer.OrdinalIgnoreCase);
        foreach (var action in actions)
        {
            names = action.Follow(names);
        }

        if (!names.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(now.Columns.Select(c => c.Name)))
        {
            Reload(table, $"The columns of {table.Sync.SourceTable} are not those that the statements in the log have made: the table is loaded anew.");
            return;
        }

        // The key's columns may have other names.
        var numbered = TableVersions.Number(now.Columns.Cast<MySqlColumn>(), names, TableVersions.Known(table.Landed).Highest);
        if (!Key(before.Key, before.Columns).SequenceEqual(Key(now.Key, numbered)))
        {
            Reload(table, $"The key of {table.Sync.SourceTable} changed: the table is loaded anew.");
            return;
        }

        // In the lake a name belongs to one column only, those included that the source has dropped.
        var added = numbered.Where(c => before.Columns.All(b => b.Number != c.Number)).ToList();
        var renamed = numbered.Where(c => before.Columns.Any(b => b.Number == c.Number && !b.Name.Equals(c.Name, StringComparison.OrdinalIgnoreCase))).ToList();
        var taken = InLake(table);
        if (renamed.Find(c => taken.Contains(c.Name)) is { } occupied)
        {
            Reload(table, $"A column of {table.Sync.SourceTable} is now called {occupied.Name}, as another one was before: the table is loaded anew.");
            return;
        }

        _ = Save(table, now, end, names);
        var isFrozen = table.Sync.SchemaPolicy == SchemaPolicy.Freeze;
        var filled = numbered.Where(c => !table.Sync.Exclude.Contains(c.Name) && !c.IsGenerated && (before.Columns.FirstOrDefault(b => b.Number == c.Number) is { } old ? !ColumnChange.KeepsValues(old, c) : !isFrozen && (c.HasDefault || c.NotNull)))
            .Select(c => c.Name).ToList();
        if (filled.Count > 0)
        {
            LoadAgain(table, group, $"Existing rows have values of {string.Join(", ", filled)} that are not in the log (a default, or a changed type)");
        }
        else if (!isFrozen && added.Find(c => taken.Contains(c.Name)) is { } again)
        {
            LoadAgain(table, group, $"The column {again.Name} was there before, and was made anew");
        }
    }

    /// <summary>Names of columns that the lake's tables have.</summary>
    private HashSet<string> InLake(CapturedTable table)
    {
        var names = new HashSet<string>(table.Landed?.Columns.Select(c => c.Name) ?? [], StringComparer.OrdinalIgnoreCase);
        foreach (var identifier in new[] { table.Sync.Raw, table.Sync.Refined })
        {
            var found = Task.Run(() => services.Catalog.FindAsync(identifier, CancellationToken.None)).GetAwaiter().GetResult();
            names.UnionWith(found?.Schema.Fields.Select(f => f.Name) ?? []);
        }

        return names;
    }

    private static List<short> Key(IReadOnlyList<string> key, IReadOnlyList<MySqlColumn> columns) => [.. key.Select(k => columns.First(c => c.Name == k).Number)];

    private TableVersion Save(CapturedTable table, MySqlTable now, LogPosition from, IReadOnlyDictionary<string, short> names)
    {
        var version = new TableVersion(from.Value, TableVersions.Number(now.Columns.Cast<MySqlColumn>(), names, TableVersions.Known(table.Landed).Highest), now.Key);
        InTurn(table, () =>
        {
            var landed = table.Landed ?? new LandedTable(now.Identity, "", Text(now), []);
            var json = TableVersions.Parse(landed.Versions).With(version, table.RawPosition).ToJson();
            return services.Fitter.SaveAsync(table, landed with { Versions = json }, CancellationToken.None);
        });
        return Versions(table).At(from)!;
    }

    /// <summary>Rare, and of the reading thread: what it would read next has to wait for it.</summary>
    private static void InTurn(CapturedTable table, Func<Task> change)
    {
        table.Gate.Wait();
        try
        {
            Task.Run(change).GetAwaiter().GetResult();
        }
        finally
        {
            _ = table.Gate.Release();
        }
    }
}

/// <summary>Whether rows that are there keep their values when their column is declared otherwise.</summary>
internal static class ColumnChange
{
    private static readonly string[] Integers = ["tinyint", "smallint", "mediumint", "int", "bigint"];
    private static readonly string[] Texts = ["tinytext", "text", "mediumtext", "longtext"];
    private static readonly string[] Blobs = ["tinyblob", "blob", "mediumblob", "longblob"];

    public static bool KeepsValues(MySqlColumn before, MySqlColumn now)
    {
        if (before.IsGenerated || (now.NotNull && !before.NotNull))
        {
            return false;
        }

        if (before.DisplayType == now.DisplayType)
        {
            return before.Charset == now.Charset || now.Charset == "utf8mb4";
        }

        return now.DataType switch
        {
            "varchar" or "varbinary" => now.DataType == before.DataType && now.Charset == before.Charset && now.Length >= before.Length,
            "decimal" => before.DataType == "decimal" && before.Scale == now.Scale && before.Precision <= now.Precision && before.IsUnsigned == now.IsUnsigned,
            "datetime" or "timestamp" or "time" => before.DataType == now.DataType && before.Scale <= now.Scale,
            "enum" or "set" => before.DataType == now.DataType && before.Charset == now.Charset && before.Labels.SequenceEqual(now.Labels.Take(before.Labels.Count)),
            _ => Grows(Integers, before, now) && (before.IsUnsigned == now.IsUnsigned) || Grows(Texts, before, now) && before.Charset == now.Charset || Grows(Blobs, before, now),
        };
    }

    private static bool Grows(string[] family, MySqlColumn before, MySqlColumn now) =>
        Array.IndexOf(family, before.DataType) is >= 0 and var from && Array.IndexOf(family, now.DataType) is >= 0 and var to && from <= to;
}
