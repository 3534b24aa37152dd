using System.Globalization;
using DuckDB.NET.Data;
using LakePortal.Ingestion.Reconciliation.Comparison;

namespace LakePortal.Ingestion.Reconciliation.Rolling;

/// <summary>What is read at once, by number: how the source is asked for it, and how rows of the lake and changes are told to be of it.</summary>
internal abstract class RollingParts
{
    public abstract int Count { get; }

    public abstract KeyInterval Interval(int number);

    /// <summary>COPY statements that send the plan's columns.</summary>
    public abstract IReadOnlyList<string> Copies(ComparedTable table, int number);

    /// <summary>Rows with columns k0… with their part's number as own_number.</summary>
    public abstract string Numbered(ComparedTable table, string rows);

    /// <summary>The lake's rows that may be of these parts.</summary>
    public abstract string LakeRows(ComparedTable table, string lake, IReadOnlyList<ChunkRead> reads);

    /// <summary>The staged rows of the source, as <c>t</c>, without those that nobody asked for.</summary>
    public abstract string SourceRows(ComparedTable table);

    protected static string CopyOf(ComparedTable table, string where) =>
        $"COPY (SELECT {string.Join(", ", table.Plan.Columns.Select(c => c.Select))} FROM {table.Source.Sql} WHERE {where}) TO STDOUT (FORMAT binary)";
}

/// <summary>Ranges of the first key column.</summary>
internal sealed class RangeParts(KeyRanges ranges) : RollingParts
{
    public override int Count => ranges.Count;

    public override KeyInterval Interval(int number) => ranges.Interval(number);

    public override IReadOnlyList<string> Copies(ComparedTable table, int number) => [CopyOf(table, KeyRanges.SourceCondition(table, Interval(number)))];

    public override string Numbered(ComparedTable table, string rows) => $"(SELECT *, {(ranges with { Table = table }).Number} AS own_number FROM {rows} AS n)";

    public override string LakeRows(ComparedTable table, string lake, IReadOnlyList<ChunkRead> reads) =>
        $"(SELECT * FROM {lake} AS f WHERE {KeyRanges.LakeCondition(table, reads.Select(r => Interval(r.Number)))})";

    public override string SourceRows(ComparedTable table) => $"{RollingRows.Table} AS t";
}

/// <summary>Single keys, so many to a part.</summary>
internal sealed class KeyParts : RollingParts
{
    private const string Keys = "rolling_keys";
    private const int KeysPerPart = 5_000;

    private readonly List<IReadOnlyList<IReadOnlyList<string>>> _parts;

    private KeyParts(List<IReadOnlyList<IReadOnlyList<string>>> parts) => _parts = parts;

    public override int Count => _parts.Count;

    /// <param name="connection">The comparison's.</param>
    /// <param name="table">Table.</param>
    /// <param name="select">SELECT of the keys: k0… in the common types; any key may come several times.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<KeyParts> ChooseAsync(DuckDBConnection connection, ComparedTable table, string select, CancellationToken cancellationToken)
    {
        var names = table.KeyNames();
        await Sql.ExecuteAsync(
            connection,
            string.Create(CultureInfo.InvariantCulture, $"""
            CREATE OR REPLACE TABLE {Keys} AS SELECT CAST((row_number() OVER (ORDER BY {names}) - 1) // {KeysPerPart} AS INTEGER) AS number, {names}
            FROM (SELECT DISTINCT {names} FROM ({select}) AS s WHERE {string.Join(" AND ", table.Key.Select((_, i) => $"{ComparedTable.KeyName(i)} IS NOT NULL"))}) AS d
            """),
            cancellationToken);
        var texts = string.Join(", ", table.Key.Select((k, i) => ComparedColumn.Text(ComparedTable.KeyName(i), k.LakeType!)));
        var rows = await Sql.QueryAsync(
            connection, $"SELECT number, {texts} FROM {Keys} ORDER BY number", r => (Number: r.GetInt32(0), Key: (IReadOnlyList<string>)[.. Enumerable.Range(1, table.Key.Count).Select(r.GetString)]), cancellationToken);
        return new KeyParts([.. rows.GroupBy(r => r.Number).OrderBy(g => g.Key).Select(g => (IReadOnlyList<IReadOnlyList<string>>)[.. g.Select(r => r.Key)])]);
    }

    public override KeyInterval Interval(int number) => new(_parts[number][0][0], null);

    public override IReadOnlyList<string> Copies(ComparedTable table, int number) => KeyFetch.Copies(table, _parts[number]);

    public override string Numbered(ComparedTable table, string rows) => $"(SELECT n.*, w.number AS own_number FROM {rows} AS n LEFT JOIN {Keys} AS w USING ({table.KeyNames()}))";

    public override string LakeRows(ComparedTable table, string lake, IReadOnlyList<ChunkRead> reads) =>
        $"(SELECT f.* FROM {lake} AS f SEMI JOIN {Keys} AS w ON {string.Join(" AND ", table.Key.Select((k, i) => $"{k.Lake("f.")} = w.{ComparedTable.KeyName(i)}"))})";

    /// <summary>The source finds keys by its own equality, which may find more.</summary>
    public override string SourceRows(ComparedTable table) =>
        $"{RollingRows.Table} AS t SEMI JOIN {Keys} AS w ON w.number = t.{RollingRows.Number} AND {string.Join(" AND ", table.Key.Select((k, i) => $"{k.Source("t.")} = w.{ComparedTable.KeyName(i)}"))}";
}
