using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Offload.Mapping;
using Npgsql;

namespace LakePortal.Ingestion.Tests;

/// <summary>
/// Rows as text on both sides: PostgreSQL's own printing (what COPY in text format sends) against the lake's values, formatted here from their types by
/// DuckDB's functions, independently of the loader.
/// </summary>
internal static class Canonical
{
    /// <summary>All rows of a source table, each a line, sorted.</summary>
    public static async Task<List<string>> SourceAsync(IngestionLake lake, string schema, string table)
    {
        await using var connection = new NpgsqlConnection(lake.Server.ConnectionString(lake.Database));
        await connection.OpenAsync();
        await using (var settings = new NpgsqlCommand("SET TimeZone='UTC'; SET DateStyle='ISO'; SET IntervalStyle='postgres'; SET extra_float_digits=1; SET lc_monetary='C'; SET search_path=pg_catalog; SET bytea_output='hex'", connection))
        {
            await settings.ExecuteNonQueryAsync();
        }

        var rows = new List<string>();
        using var reader = await connection.BeginTextExportAsync($"COPY (SELECT * FROM \"{schema}\".\"{table.Replace("\"", "\"\"", StringComparison.Ordinal)}\") TO STDOUT");
        while (await reader.ReadLineAsync() is { } line)
        {
            // The escapes of COPY's text format.
            rows.Add(string.Join('\u001f', line.Split('\t').Select(f => f == "\\N" ? "∅" : Unescape(f))));
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    /// <param name="only">These columns, in this order; null: all.</param>
    public static async Task<List<string>> LakeAsync(IngestionLake lake, string table, IReadOnlyList<string>? only = null)
    {
        Assert.True(TableIdentifier.TryParse(table, out var identifier));
        var schema = (await lake.Catalog.LoadAsync(identifier, CancellationToken.None)).Schema;
        var columns = (only is null ? schema.Fields : only.Select(o => schema.Find(o) ?? throw new InvalidOperationException($"{table} has no column {o}."))).Select(f => Text(f.Type, $"\"{f.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));
        var expression = string.Join(" || chr(31) || ", columns.Select(c => $"coalesce({c}, '∅')"));
        var rows = await lake.QueryAsync($"SELECT {expression} AS r FROM \"{identifier.Namespace}\".\"{identifier.Name}\"");
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    public static async Task<string> TypeAsync(IngestionLake lake, string table, string column)
    {
        Assert.True(TableIdentifier.TryParse(table, out var identifier));
        return TypeNames.Display((await lake.Catalog.LoadAsync(identifier, CancellationToken.None)).Schema.Find(column)!.Type);
    }

    private static string Text(IcebergType type, string value) => type is ListType list
        ? $"CASE WHEN len({value}) = 0 THEN '{{}}' ELSE '{{' || list_aggregate(list_transform({value}, lambda x: coalesce({Element(list.Element, "x")}, 'NULL')), 'string_agg', ',') || '}}' END"
        : Primitive(type, value);

    private static string Primitive(IcebergType type, string value) => type switch
    {
        PrimitiveType { Kind: PrimitiveKind.Boolean } => $"CASE WHEN {value} THEN 't' WHEN NOT {value} THEN 'f' END",
        PrimitiveType { Kind: PrimitiveKind.Float } => Float(value, "FLOAT"),
        PrimitiveType { Kind: PrimitiveKind.Double } => Float(value, "DOUBLE"),
        PrimitiveType { Kind: PrimitiveKind.Binary } => $"'\\x' || lower(hex({value}))",
        PrimitiveType { Kind: PrimitiveKind.TimestampTz } => $"strftime(({value}) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S') || {Fraction($"({value}) AT TIME ZONE 'UTC'")} || '+00'",
        PrimitiveType { Kind: PrimitiveKind.Timestamp } => $"strftime({value}, '%Y-%m-%d %H:%M:%S') || {Fraction(value)}",
        // DuckDB leaves the zero before the point out when the type has no digit there.
        PrimitiveType { Kind: PrimitiveKind.Decimal } => $"replace(replace('^' || ({value})::VARCHAR, '^-.', '^-0.'), '^.', '^0.')[2:]",
        _ => $"({value})::VARCHAR",
    };

    /// <summary>PostgreSQL prints no trailing zeros of a second's fraction.</summary>
    private static string Fraction(string value) => $"regexp_replace(CASE WHEN microsecond({value}) % 1000000 = 0 THEN '' ELSE '.' || lpad((microsecond({value}) % 1000000)::VARCHAR, 6, '0') END, '0+$', '')";

    /// <summary>Both print the shortest digits that read back as the same number, but write exponents differently: compared by bits through a common form.</summary>
    private static string Float(string value, string type) =>
        $"CASE WHEN isnan({value}) THEN 'NaN' WHEN {value} = 'infinity'::{type} THEN 'Infinity' WHEN {value} = '-infinity'::{type} THEN '-Infinity' ELSE regexp_replace(({value})::VARCHAR, '\\.0$', '') END";

    private static string Element(IcebergType type, string value) => type is PrimitiveType { Kind: PrimitiveKind.String }
        ? $"CASE WHEN {value} = '' OR upper({value}) = 'NULL' OR regexp_matches({value}, '[{{}},\"\\\\\\s]') THEN '\"' || replace(replace({value}, '\\', '\\\\'), '\"', '\\\"') || '\"' ELSE {value} END"
        : Primitive(type, value);

    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new System.Text.StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }

            result.Append(text[++i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', 'v' => '\v', var c => c });
        }

        return result.ToString();
    }
}
