using System.Globalization;
using LakePortal.Ingestion.Sources.MySql.Wire;

namespace LakePortal.Ingestion.Sources.MySql;

/// <summary>Reads what a source holds from information_schema.</summary>
internal static class MySqlCatalog
{
    private const string Own = "'mysql', 'information_schema', 'performance_schema', 'sys'";

    public static IReadOnlyList<MySqlTable> ReadAll(MySqlSession session, string database) =>
        Read(session, database.Length > 0 ? $"TABLE_SCHEMA = {MySqlSql.Literal(database)}" : $"TABLE_SCHEMA NOT IN ({Own})");

    /// <returns>Null: there is no such table, or the user sees nothing of it.</returns>
    public static MySqlTable? ReadOne(MySqlSession session, string schema, string name) =>
        Read(session, $"TABLE_SCHEMA = {MySqlSql.Literal(schema)} AND TABLE_NAME = {MySqlSql.Literal(name)}").FirstOrDefault(t => t.Schema == schema && t.Name == name);

    private static List<MySqlTable> Read(MySqlSession session, string condition)
    {
        var columns = session.Query(
            $"""
            SELECT TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, IS_NULLABLE,
                   coalesce(GENERATION_EXPRESSION, '') <> '', COLUMN_DEFAULT IS NOT NULL AND COLUMN_DEFAULT <> 'NULL', EXTRA, CHARACTER_OCTET_LENGTH
            FROM information_schema.COLUMNS WHERE {condition} ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION
            """).ToLookup(r => (r[0]!, r[1]!), Column);
        var keys = session.Query(
            $"SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, coalesce(SUB_PART, 0), NULLABLE FROM information_schema.STATISTICS WHERE {condition} AND NON_UNIQUE = 0 ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX")
            .ToLookup(r => (r[0]!, r[1]!));
        return [.. session.Query($"SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, coalesce(DATA_LENGTH, 0) FROM information_schema.TABLES WHERE {condition} AND TABLE_TYPE <> 'SEQUENCE' AND TABLE_TYPE NOT LIKE '%TEMPORARY%' ORDER BY TABLE_SCHEMA, TABLE_NAME")
            .Select(r => new MySqlTable
            {
                Schema = r[0]!, Name = r[1]!, Kind = r[2]!.EndsWith("VIEW", StringComparison.Ordinal) ? 'v' : 'r', Engine = r[3],
                Rows = r[4] is { } rows ? long.Parse(rows, CultureInfo.InvariantCulture) : null, Bytes = long.Parse(r[5]!, CultureInfo.InvariantCulture),
                Columns = [.. columns[(r[0]!, r[1]!)]], Key = Key(keys[(r[0]!, r[1]!)]),
            })];
    }

    private static MySqlColumn Column(string?[] r)
    {
        int Int(string? text) => text is null ? 0 : (int)Math.Min(int.MaxValue, decimal.Parse(text, CultureInfo.InvariantCulture));
        var type = r[4]!.ToLowerInvariant();
        var isGenerated = r[11] == "1" || r[13]!.Contains("VIRTUAL GENERATED", StringComparison.OrdinalIgnoreCase) || r[13]!.Contains("STORED GENERATED", StringComparison.OrdinalIgnoreCase);
        
        // Its place is no number that stays with it.
        return new MySqlColumn(0, r[3]!, type, r[5]!, Int(r[6]), r[7] is { } scale ? Int(scale) : Int(r[8]), r[9], r[10] == "NO", isGenerated,
            r[12] == "1" || r[10] == "NO")
        {
            Length = Int(r[14]),
        };
    }

    /// <summary>The primary key, else of the unique indexes over whole columns that are never null the one with the fewest columns.</summary>
    private static List<string> Key(IEnumerable<string?[]> indexed) =>
        indexed.GroupBy(r => r[2]!).Where(i => i.All(c => c[3] is not null && c[4] == "0" && c[5] != "YES"))
            .OrderBy(i => i.Key == "PRIMARY" ? 0 : 1).ThenBy(i => i.Count()).ThenBy(i => i.Key, StringComparer.Ordinal)
            .Select(i => i.Select(c => c[3]!).ToList()).FirstOrDefault([]);
}
