using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Capture.Reading;

namespace LakePortal.Ingestion.Sources.MySql.Log;

/// <summary>A table as the log maps it to a number.</summary>
internal sealed class TableEntry(byte[] body, BinlogTable logged, CapturedTable? table, IReadOnlyList<Cascade> cascades)
{
    public byte[] Body { get; } = body;

    public BinlogTable Logged { get; } = logged;

    public (string Schema, string Name) Name => (Logged.Schema, Logged.Name);

    public CapturedTable? Table { get; } = table;

    /// <summary>Captured tables that change with its rows.</summary>
    public IReadOnlyList<Cascade> Cascades { get; } = cascades;

    /// <summary>Null: its changes are not wanted for now.</summary>
    public MappedTable? Mapped { get; set; }

    /// <summary>By which its rows can be read, wanted or not; null: they cannot.</summary>
    public MappedTable? Readable { get; set; }
}

/// <summary>What the numbers of tables in the log stand for.</summary>
internal sealed class TableMaps(CaptureTables tables, Definitions definitions, ISourceLook look, Cascades cascades, Charsets charsets)
{
    private const int MostEntries = 10_000;

    private readonly Dictionary<ulong, TableEntry> _entries = [];
    private readonly Dictionary<(CapturedTable, ulong From), MappedTable> _versions = [];
    private readonly Dictionary<uint, MySqlTable> _relations = [];
    private readonly HashSet<CapturedTable> _misfits = [];
    private uint _lastRelation;

    /// <summary>A group begins: what it changes it maps before.</summary>
    public void Begin()
    {
        if (_entries.Count > MostEntries)
        {
            _entries.Clear();
        }
    }

    /// <summary>Some definition changed.</summary>
    public void Forget()
    {
        _entries.Clear();
        cascades.Forget();
    }

    /// <summary>The table of a relation that was described.</summary>
    public MySqlTable Table(Relation relation) => _relations[relation.Oid];

    public TableEntry? Find(ulong id) => _entries.GetValueOrDefault(id);

    public void LoadAgain(LogPosition at, string why)
    {
        foreach (var table in tables.All.Where(t => t.Wants(at)))
        {
            definitions.LoadAgain(table, at, why);
        }
    }

    /// <summary>A TABLE_MAP event.</summary>
    /// <returns>The captured table whose changes are to be taken; null: none.</returns>
    public CapturedTable? Map(ReadOnlySpan<byte> body, LogPosition group, ILogReceiver receiver)
    {
        var id = BinlogBytes.Number(body, 6);
        if (!_entries.TryGetValue(id, out var entry) || !body.SequenceEqual(entry.Body))
        {
            var logged = BinlogTable.Read(body, out _);
            _entries[id] = entry = new TableEntry(body.ToArray(), logged, tables.Find(logged.Schema, logged.Name), [.. cascades.Of(logged.Schema, logged.Name, look)]);
        }

        if (entry.Table is null && entry.Cascades.Count == 0)
        {
            return null;
        }

        entry.Mapped = entry.Table is { } table && table.Wants(group) ? Resolve(table, entry, group, receiver) : null;
        entry.Readable = entry.Mapped ?? (entry.Cascades.Count > 0 ? entry.Readable ?? Watch(entry.Logged) : null);
        return entry.Mapped is null ? null : entry.Table;
    }

    /// <summary>A statement emptied the table.</summary>
    /// <returns>Number of its relation; null: that is of no interest.</returns>
    public uint? Truncated(CapturedTable table, LogPosition group, ILogReceiver receiver) =>
        definitions.At(table, group) is { } version ? Version(table, version, receiver).Relation!.Oid : null;

    private MappedTable? Resolve(CapturedTable table, TableEntry entry, LogPosition group, ILogReceiver receiver)
    {
        if (definitions.At(table, group) is not { } version)
        {
            return null;
        }

        if (ReferenceEquals(entry.Mapped?.Version, version))
        {
            return entry.Mapped;
        }

        var mapped = Version(table, version, receiver) with { Logged = entry.Logged };
        if (mapped.Fits)
        {
            return mapped;
        }

        if (_misfits.Add(table))
        {
            definitions.Reload(table, $"The columns of {table.Sync.SourceTable} are not those that the log has changes of: the table is loaded anew.");
        }
        else
        {
            definitions.Hold(table, new CaptureHeldException(table.Name, $"{table.Sync.SourceTable} is logged in a form that is not read ({string.Join(", ", entry.Logged.Columns.Select(c => $"{c.Type}:{c.Meta:x}"))}).",
                "Rebuild it in the server's current formats: ALTER TABLE … FORCE; or use mode: batch."));
        }

        return null;
    }

    private MappedTable Version(CapturedTable table, TableVersion version, ILogReceiver receiver)
    {
        if (_versions.TryGetValue((table, version.From), out var known) && known.Version!.IsLike(version))
        {
            return known;
        }

        var source = version.Table(table.Sync.Schema, table.Sync.Table);
        var relation = new Relation(++_lastRelation, source.Schema, source.Name, 'f', [.. source.Columns.Select(c => new RelationColumn(c.Name, 0, c.Number, source.Key.Contains(c.Name)))]);
        var mapped = new MappedTable(new BinlogTable(source.Schema, source.Name, [], null), source, version, relation, CharsetsOf(source));
        (_versions[(table, version.From)], _relations[relation.Oid]) = (mapped, source);
        receiver.Describe(relation);
        return mapped;
    }

    /// <summary>A table that is not captured: only as the catalogs have it now.</summary>
    private MappedTable? Watch(BinlogTable logged) => look.Describe(logged.Schema, logged.Name).Table is { } source && new MappedTable(logged, source, null, null, CharsetsOf(source)) is { Fits: true } mapped ? mapped : null;

    private IReadOnlyList<Charset?> CharsetsOf(MySqlTable table) => [.. table.Columns.Cast<MySqlColumn>().Select(c => Charsets.IsRead(c.Charset) ? look.Ask(_ => charsets.Find(c.Charset)) : null)];
}
