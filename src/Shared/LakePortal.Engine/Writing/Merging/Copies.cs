using DuckDB.NET.Data;
using LakePortal.Engine.Writing.Files;
using LakePortal.Engine.Writing.Types;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Scans;
using LakePortal.Iceberg.Schemas;

namespace LakePortal.Engine.Writing.Merging;

/// <summary>Rows of a table without a key, as a temporary table: how many rows equal to each must go. A row is equal when all of its columns are, null being equal to null.</summary>
internal sealed class Copies
{
    public const string Name = "lakeportal_merge_copies";
    public const string Count = "lakeportal_copies";

    private const string Number = "lakeportal_number";

    private Copies(IReadOnlyList<NestedField> fields, Predicate? predicate, bool any)
    {
        Fields = fields;
        Predicate = predicate;
        Any = any;
    }

    public IReadOnlyList<NestedField> Fields { get; }

    /// <summary>True for every row that is equal to one of them; null: says nothing.</summary>
    public Predicate? Predicate { get; }

    public bool Any { get; }

    /// <param name="rows">SELECT of the assigned columns and of <paramref name="copies"/>; negative: that many equal rows must go.</param>
    public static async Task<Copies> CreateAsync(
        Table table, DuckDBConnection connection, string rows, string copies, IReadOnlyList<ColumnAssignment> assignments, CancellationToken cancellationToken)
    {
        var fields = table.Schema.Fields;
        var sources = assignments.ToDictionary(a => a.Field.Id, a => a.Source);
        var columns = string.Join(", ", fields.Select((f, i) =>
            $"CAST({(sources.TryGetValue(f.Id, out var source) ? $"q.{WriterSql.Name(source)}" : "NULL")} AS {DuckDbTypes.ToDuckDb(f.Type)}) AS {LiveRows.Alias(i)}"));
        var aliases = string.Join(", ", fields.Select((_, i) => LiveRows.Alias(i)));
        await DuckDbCommands.ExecuteAsync(
            connection,
            $"""
            CREATE OR REPLACE TEMP TABLE {Name} AS SELECT {aliases}, -sum({Count})::BIGINT AS {Count}, row_number() OVER () AS {Number}
            FROM (SELECT {columns}, q.{WriterSql.Name(copies)} AS {Count} FROM ({rows}) AS q) AS r GROUP BY {aliases} HAVING sum({Count}) < 0
            """,
            cancellationToken);
        var any = (await DuckDbCommands.QueryAsync(connection, $"SELECT count(*) FROM {Name}", r => r.GetInt64(0), cancellationToken))[0] > 0;
        return new Copies(fields, any ? await PredicateAsync(connection, fields, cancellationToken) : null, any);
    }

    public static Task DropAsync(DuckDBConnection connection) => DuckDbCommands.ExecuteAsync(connection, $"DROP TABLE IF EXISTS {Name}", CancellationToken.None);

    /// <summary>SELECT of <c>local</c> and <c>pos</c> of the rows that go: of equal ones the first by file and position.</summary>
    public string Places(IEnumerable<string> localPaths)
    {
        var equal = string.Join(" AND ", Fields.Select((_, i) => $"r.{LiveRows.Alias(i)} IS NOT DISTINCT FROM k.{LiveRows.Alias(i)}"));
        return $"""
            SELECT local, pos FROM (
              SELECT r.filename AS local, r.file_row_number AS pos, k.{Number} AS number, k.{Count} AS copies
              FROM ({LiveRows.Scan(localPaths, Fields)}) AS r JOIN {Name} AS k ON {equal}
              ANTI JOIN {LiveRows.DeleteTable} AS d ON d.local = r.filename AND d.pos = r.file_row_number) AS e
            QUALIFY row_number() OVER (PARTITION BY number ORDER BY local, pos) <= copies
            """;
    }

    private static async Task<Predicate?> PredicateAsync(DuckDBConnection connection, IReadOnlyList<NestedField> fields, CancellationToken cancellationToken)
    {
        Predicate? all = null;
        for (var i = 0; i < fields.Count; i++)
        {
            // Bounds of floats have no place for NaN, a binary's text is not its bytes, and two values of a boolean prune nothing.
            if (fields[i].Type is not PrimitiveType
                {
                    Kind: PrimitiveKind.Int or PrimitiveKind.Long or PrimitiveKind.Decimal or PrimitiveKind.Date or PrimitiveKind.Time or PrimitiveKind.Timestamp or PrimitiveKind.TimestampTz
                    or PrimitiveKind.String or PrimitiveKind.Uuid
                } type)
            {
                continue;
            }

            var alias = LiveRows.Alias(i);
            var (low, high) = (await DuckDbCommands.QueryAsync(
                connection, $"SELECT CAST(min({alias}) AS VARCHAR), CAST(max({alias}) AS VARCHAR) FROM {Name} HAVING count(*) = count({alias})",
                r => (StatisticText.Parse(type, r.GetString(0)), StatisticText.Parse(type, r.GetString(1))), cancellationToken)).FirstOrDefault();
            if (low is null || high is null)
            {
                continue;
            }

            var one = new Predicate.And(new Predicate.Compare(fields[i].Id, CompareOp.GreaterOrEqual, low), new Predicate.Compare(fields[i].Id, CompareOp.LessOrEqual, high));
            all = all is null ? one : new Predicate.And(all, one);
        }

        return all;
    }
}
