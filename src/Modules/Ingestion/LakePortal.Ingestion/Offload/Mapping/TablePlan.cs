using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Offload.CopyBinary;
using LakePortal.Ingestion.Sources;
using LakePortal.Ingestion.Syncs;

namespace LakePortal.Ingestion.Offload.Mapping;

/// <summary>Which columns of a table are loaded, and how.</summary>
/// <param name="Exclude">Columns left out.</param>
/// <param name="Hash">Columns replaced by their keyed hash.</param>
/// <param name="Text">Columns loaded as text although a typed form exists, with the reason.</param>
internal sealed record ColumnChoices(IReadOnlySet<string> Exclude, IReadOnlySet<string> Hash, IReadOnlyDictionary<string, string> Text)
{
    public static readonly ColumnChoices None = new(new HashSet<string>(), new HashSet<string>(), new Dictionary<string, string>());

    /// <summary>Key of the hashes; required when any column is hashed.</summary>
    public byte[]? HashKey { get; init; }

    /// <param name="sync">Says what is left out, hashed and text.</param>
    /// <param name="leftOut">Also left out.</param>
    /// <param name="learned">Columns that a value made text, with the reason.</param>
    /// <param name="hashKey">Key of the hashes.</param>
    public static ColumnChoices Of(SyncDefinition sync, IEnumerable<string> leftOut, IReadOnlyDictionary<string, string> learned, byte[]? hashKey)
    {
        var text = new Dictionary<string, string>(learned, StringComparer.Ordinal);
        foreach (var column in sync.Text)
        {
            text[column] = "text by configuration";
        }

        return new ColumnChoices(sync.Exclude.Concat(leftOut).ToHashSet(StringComparer.Ordinal), sync.Hash.ToHashSet(StringComparer.Ordinal), text) { HashKey = hashKey };
    }
}

/// <summary>All of a table's columns as they will be in the lake, in the source's order.</summary>
internal sealed record TablePlan(IReadOnlyList<ColumnPlan> Columns)
{
    /// <summary>Names of the log's own columns in raw tables.</summary>
    public static readonly IReadOnlyList<NestedField> LogColumns =
    [
        new(0, "_op", PrimitiveType.String, Doc: "c insert, u update, d delete, r read by a batch load, t truncate"),
        new(0, "_load_type", PrimitiveType.String, Doc: "BATCH or CDC"),
        new(0, "_position", PrimitiveType.String, Doc: "position in the source's log that the row stands for"),
        new(0, "_txid", PrimitiveType.Long, Doc: "transaction of the source; null for batch loads"),
        new(0, "_committed_at", PrimitiveType.TimestampTz, Doc: "commit time of that transaction; null for batch loads"),
        new(0, "_ingested_at", PrimitiveType.TimestampTz, Doc: "when the snapshot was taken in which the row was read, or the change was committed to the lake"),
        new(0, "_unchanged", new ListType(0, PrimitiveType.String, ElementRequired: false), Doc: "columns that the source did not send because they did not change, and whose value was not known yet; null: none"),
    ];

    public static TablePlan For(SourceTable table, ColumnChoices choices)
    {
        var columns = new List<ColumnPlan>();
        var taken = new HashSet<string>(LogColumns.Select(c => c.Name), StringComparer.OrdinalIgnoreCase);
        foreach (var column in table.Columns.Where(c => !choices.Exclude.Contains(c.Name)))
        {
            var mapped = Map(column, table, choices);
            var name = Free(column.Name, taken);
            var note = name == column.Name ? mapped.Note : Join(mapped.Note, $"named {name} because '{column.Name}' is taken (names are compared without case)");
            columns.Add(new ColumnPlan(column, name, mapped.Type, mapped.StagingType, Expression(table, column, mapped), mapped.Decoder, note));
        }

        return columns.Count > 0 ? new TablePlan(columns) : throw new TableWithoutColumnsException(table.Display);
    }

    public ColumnPlan? Find(string sourceName) => Columns.FirstOrDefault(c => c.Source.Name == sourceName);

    /// <summary>Schema of the refined table; key columns are required.</summary>
    public IReadOnlyList<NestedField> RefinedFields(IReadOnlyCollection<string> key) =>
        [.. Columns.Select(c => new NestedField(0, c.LakeName, c.Type, Required: key.Contains(c.LakeName), Doc: c.Source.DisplayType))];

    public IReadOnlyList<NestedField> RawFields() =>
        [.. Columns.Select(c => new NestedField(0, c.LakeName, c.Type, Doc: c.Source.DisplayType)), .. LogColumns];

    /// <summary>Changes when chunks that were read before cannot be used together with new ones.</summary>
    public string Fingerprint() => string.Join('\n', Columns.Select(c => $"{c.Source.Number}|{c.Source.Name}|{c.LakeName}|{c.Source.DisplayType}|{c.LakeType}|{c.Select}|{c.Decoder.GetType().Name}"));

    private static MappedType Map(SourceColumn column, SourceTable table, ColumnChoices choices)
    {
        if (choices.Hash.Contains(column.Name))
        {
            var key = choices.HashKey ?? throw new InvalidOperationException("Columns are to be hashed and there is no key.");
            var text = table.AsText(column, null);
            return text with { Decoder = new HashDecoder(key), Note = "keyed hash of the value" };
        }

        return choices.Text.TryGetValue(column.Name, out var why) ? table.AsText(column, why) : table.Map(column);
    }

    private static string Expression(SourceTable table, SourceColumn column, MappedType mapped)
    {
        var quoted = table.Quote(column.Name);
        return mapped.Cast is { } cast ? cast.Replace("{0}", quoted, StringComparison.Ordinal) : quoted;
    }

    private static string Free(string name, HashSet<string> taken)
    {
        var candidate = name;
        for (var i = 2; !taken.Add(candidate); i++)
        {
            candidate = $"{name}__{i}";
        }

        return candidate;
    }

    private static string Join(string? first, string second) => first is null ? second : $"{first}; {second}";
}
