using LakePortal.Ingestion.Offload.Mapping;

namespace LakePortal.Ingestion.Sources.Postgres;

/// <summary>A row of pg_type, as far as it matters for loading.</summary>
/// <param name="Kind">typtype: b base, c composite, d domain, e enum, m multirange, p pseudo, r range.</param>
/// <param name="IsArray">A true array type (its elements are listed), not a fixed-length vector like point or int2vector.</param>
internal sealed record PgType(uint Oid, string Schema, string Name, char Kind, uint BaseOid, int TypeModifier, uint ElementOid, bool IsArray);

/// <param name="Number">attnum.</param>
/// <param name="DisplayType">As format_type prints it: <c>numeric(12,2)</c>.</param>
/// <param name="TypeModifier">atttypmod; -1: none.</param>
internal sealed record PgColumn(short Number, string Name, string DisplayType, uint TypeOid, int TypeModifier, bool NotNull, bool IsGenerated)
    : SourceColumn(Number, Name, DisplayType, NotNull, IsGenerated);

/// <summary>A heap that holds rows of a table: the table itself, a partition, or an inheriting table.</summary>
/// <param name="Kind">relkind.</param>
/// <param name="FileNode">relfilenode: changes when the heap is rewritten.</param>
/// <param name="CanRead">The user may select from it directly.</param>
/// <param name="IsRewritten">It was truncated or rewritten after the transaction's snapshot, to which it now looks empty.</param>
internal sealed record PgHeap(uint Oid, string Schema, string Name, char Kind, uint FileNode, long Pages, double Rows, bool CanRead, bool HasRowSecurity, bool IsRewritten);

/// <summary>A table, view or partition root as the catalogs describe it.</summary>
internal sealed record PgTable : SourceTable
{
    public required uint Oid { get; init; }

    public required IReadOnlyDictionary<uint, PgType> Types { get; init; }

    /// <summary>Other tables inherit from it (not partitions): its key is not unique over all its rows.</summary>
    public bool HasInheritors { get; init; }

    public override uint Identity => Oid;

    /// <summary><c>schema.table</c>, quoted where SQL needs it.</summary>
    public override string Sql => PgSql.Qualified(Schema, Name);

    public override string? WhyNoKey => HasInheritors ? "other tables inherit from it, and a key of its own does not keep their rows apart from its rows" : null;

    public override string Quote(string identifier) => PgSql.Quote(identifier);

    public override MappedType Map(SourceColumn column) => TypeMapper.Map((PgColumn)column, Types);

    public override MappedType AsText(SourceColumn column, string? note) => TypeMapper.AsText((PgColumn)column, Types, note);
}

internal static class PgSql
{
    public static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Qualified(string schema, string name) => $"{Quote(schema)}.{Quote(name)}";

    public static string Literal(string value) => value.Contains('\\', StringComparison.Ordinal)
        ? $"E'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'"
        : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
}
