using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Offload.Mapping;

namespace LakePortal.Ingestion.Sources;

/// <summary>A column as its source describes it.</summary>
/// <param name="Number">Stays with the column, also under another name; 0: the source has no such number.</param>
/// <param name="DisplayType">As the source prints it: <c>numeric(12,2)</c>.</param>
internal record SourceColumn(short Number, string Name, string DisplayType, bool NotNull, bool IsGenerated);

/// <summary>A table or view as its source describes it, and how its columns become the lake's.</summary>
internal abstract record SourceTable
{
    public required string Schema { get; init; }

    public required string Name { get; init; }

    /// <summary>r table, p partitioned table, v view, m materialized view, f foreign table.</summary>
    public required char Kind { get; init; }

    public required IReadOnlyList<SourceColumn> Columns { get; init; }

    /// <summary>Primary key, else the smallest unique index over columns that are never null; empty: none.</summary>
    public required IReadOnlyList<string> Key { get; init; }

    public required long? Rows { get; init; }

    public required long Bytes { get; init; }

    /// <summary>
    /// Rows updated or deleted per hour since the server's statistics began, an hour at least; null: no statistics. Inserted rows are left out: most of
    /// them are the table's first fill.
    /// </summary>
    public double? ChangesPerHour { get; init; }

    public bool CanRead { get; init; } = true;

    /// <summary>Tells a table that was dropped and made again from the one before.</summary>
    public abstract uint Identity { get; }

    public string KindName => Kind switch
    {
        'r' => "table", 'p' => "partitioned table", 'v' => "view", 'm' => "materialized view", 'f' => "foreign table", _ => "relation",
    };

    /// <summary>Its name in the source's SQL.</summary>
    public abstract string Sql { get; }

    /// <summary>For people: <c>schema.table</c>.</summary>
    public string Display => $"{Schema}.{Name}";

    /// <summary>Why its key does not keep rows apart although it has one; null: it does.</summary>
    public virtual string? WhyNoKey => null;

    /// <summary>Rows tell which transaction wrote them, so that what changed can be loaded without reading the log.</summary>
    public virtual bool HasRowVersions => true;

    /// <summary>The table with the numbers that its columns have had in the lake, where the source has none of its own.</summary>
    public virtual SourceTable Continue(LandedTable? before) => this;

    /// <summary>What its columns are from a load on, together with what they were before; null: the log says so itself.</summary>
    /// <param name="kept">Nothing of the log before it is read any more.</param>
    public virtual string? VersionsFrom(LandedTable? before, LogPosition at, LogPosition kept) => null;

    /// <summary>An identifier in the source's SQL.</summary>
    public abstract string Quote(string identifier);

    /// <summary>The column's type in the lake, without loss.</summary>
    public abstract MappedType Map(SourceColumn column);

    /// <summary>The same column as text.</summary>
    public abstract MappedType AsText(SourceColumn column, string? note);
}
