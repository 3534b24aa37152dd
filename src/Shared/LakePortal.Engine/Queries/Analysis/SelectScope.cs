using System.Text.Json.Nodes;

namespace LakePortal.Engine.Queries.Analysis;

/// <summary>One SELECT of a statement: what its FROM brings into view.</summary>
internal sealed class SelectScope(SelectScope? parent, JsonObject select)
{
    /// <summary>The SELECT around this one, whose columns it may use (correlation); null for the outermost.</summary>
    public SelectScope? Parent { get; } = parent;

    public JsonObject Select { get; } = select;

    public List<TableOccurrence> Tables { get; } = [];

    /// <summary>Names by which other things in FROM can be called: CTEs, subqueries, table functions.</summary>
    public HashSet<string> OtherAliases { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Columns merged by USING: unqualified they do not belong to one table.</summary>
    public HashSet<string> UsingColumns { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>NATURAL JOIN or PIVOT: the columns that matter are not written down.</summary>
    public bool UsesAllColumns { get; set; }

    public HashSet<string> SelectAliases { get; } = new(StringComparer.OrdinalIgnoreCase);
}

/// <summary>A name in an expression, where it stands.</summary>
internal sealed record ColumnMention(JsonObject Node, SelectScope Scope);

/// <summary><c>*</c>, <c>t.*</c> or <c>COLUMNS(…)</c>.</summary>
internal sealed record StarMention(string Relation, SelectScope Scope);
