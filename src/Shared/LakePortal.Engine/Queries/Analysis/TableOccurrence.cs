using System.Text.Json.Nodes;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>One place where a statement names a lake table. Each is bound by itself, since each may be pruned differently.</summary>
internal sealed class TableOccurrence(JsonObject node, SelectScope scope)
{
    private IReadOnlyList<ExposedColumn> _columns = [];
    private Dictionary<string, ExposedColumn> _byName = [];
    private readonly HashSet<ExposedColumn> _used = [];

    public JsonObject Node { get; } = node;

    public SelectScope Scope { get; } = scope;

    public string WrittenNamespace { get; } = node.Text("schema_name");

    public string WrittenName { get; } = node.Text("table_name");

    public bool HasAlias { get; } = node.Text("alias").Length > 0;

    /// <summary>The name by which columns are qualified.</summary>
    public string Alias { get; set; } = node.Text("alias") is { Length: > 0 } alias ? alias : node.Text("table_name");

    public string WrittenFullName => WrittenNamespace.Length == 0 ? WrittenName : $"{WrittenNamespace}.{WrittenName}";

    /// <summary>Set by the binder.</summary>
    public Table? Table { get; set; }

    public SnapshotSelector Selector { get; set; } = SnapshotSelector.Current;

    /// <summary>Stands for the table in the rewritten text until the scan is put in its place.</summary>
    public string Token { get; set; } = "";

    public TableIdentifier Identifier => Bound.Identifier;

    public Table Bound => Table ?? throw new InvalidOperationException($"'{WrittenFullName}' has not been resolved.");

    public IReadOnlyList<ExposedColumn> Columns => _columns;

    public IEnumerable<ExposedColumn> UsedColumns => _columns.Where(_used.Contains);

    public void SetSchema(Schema schema)
    {
        _columns = ExposedColumn.Of(schema);
        _byName = _columns.ToDictionary(c => c.Name, StringComparer.OrdinalIgnoreCase);
        _used.Clear();
    }

    public ExposedColumn? Find(string name) => _byName.GetValueOrDefault(name);

    public bool Use(string name)
    {
        if (Find(name) is not { } column)
        {
            return false;
        }

        _used.Add(column);
        return true;
    }

    public void UseAll() => _used.UnionWith(_columns);
}

/// <summary>A column as SQL sees it. DuckDB's names ignore case: of columns that differ in case only, the later ones get a number.</summary>
internal sealed record ExposedColumn(NestedField Field, string Name)
{
    public static IReadOnlyList<ExposedColumn> Of(Schema schema)
    {
        var taken = new HashSet<string>(schema.Fields.Count, StringComparer.OrdinalIgnoreCase);
        var columns = new List<ExposedColumn>(schema.Fields.Count);
        foreach (var field in schema.Fields)
        {
            var name = field.Name;
            for (var n = 1; !taken.Add(name); n++)
            {
                name = $"{field.Name}_{n}";
            }

            columns.Add(new ExposedColumn(field, name));
        }

        return columns;
    }
}
