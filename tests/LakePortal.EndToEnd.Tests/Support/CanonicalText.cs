using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace LakePortal.EndToEnd.Tests.Support;

/// <summary>
/// Brings a value to the same text on both sides. PostgreSQL's side is computed by PostgreSQL, the lake's by the lake's SQL; neither passes
/// through code of the offload.
/// </summary>
internal static class CanonicalText
{
    /// <summary>Compares all rows of a table, in any order, and returns how many there were.</summary>
    public static async Task<int> CompareAsync(TestLake lake, string database, string schema, string table, string lakeTable)
    {
        var columns = (await lake.QueryAsync($"SELECT * FROM {Quote(lakeTable)} LIMIT 0")).Columns;
        await using var connection = await lake.Postgres.OpenAsync(database, CancellationToken.None);
        var names = await ColumnsAsync(connection, schema, table);
        Assert.Equal(names.Order(StringComparer.Ordinal), columns.Select(c => c.Name).Order(StringComparer.Ordinal));
        if (columns.Count == 0)
        {
            return 0;
        }

        var ofSource = string.Join(", ", columns.Select(c => InPostgres(Quoted(c.Name), c.Type)));
        var ofLake = string.Join(", ", columns.Select(c => InLake(Quoted(c.Name), c.Type)));
        var source = await SourceRowsAsync(connection, $"SELECT {ofSource} FROM {Quoted(schema)}.{Quoted(table)}", columns);
        var rows = (await lake.QueryAsync($"SELECT {ofLake} FROM {Quote(lakeTable)}")).Rows
            .Select(r => string.Join('\u001f', r.Select((v, i) => v.ValueKind == JsonValueKind.Null ? "∅" : Normalize(v.ToString(), columns[i].Type))))
            .Order(StringComparer.Ordinal).ToList();
        Assert.Equal(source.Count, rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            Assert.Equal($"{lakeTable}: {source[i]}", $"{lakeTable}: {rows[i]}");
        }

        return rows.Count;
    }

    public static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Quote(string table) => string.Join('.', table.Split('.', 2).Select(Quoted));

    private static string InPostgres(string column, string lakeType) => lakeType switch
    {
        "TIMESTAMP WITH TIME ZONE" or "TIMESTAMP" => $"(extract(epoch FROM {column}) * 1000000)::numeric(38, 0)::text",
        "BLOB" => $"encode({column}, 'hex')",
        "BOOLEAN" or "UUID" or "DATE" or "TIME" => $"{column}::text",
        _ when lakeType.EndsWith(']') => $"to_json({column})::text",
        // The type's own output function: char(n) keeps its padding, which a cast to text would strip.
        _ => $"CASE WHEN {column} IS NOT NULL THEN format('%s', {column}) END",
    };

    private static string InLake(string column, string lakeType) => lakeType switch
    {
        "TIMESTAMP WITH TIME ZONE" or "TIMESTAMP" => $"epoch_us({column})",
        "BLOB" => $"lower(hex({column}))",
        _ when lakeType.EndsWith(']') => $"CAST(to_json({column}) AS VARCHAR)",
        _ => $"CAST({column} AS VARCHAR)",
    };

    private static string Normalize(string text, string lakeType) => lakeType switch
    {
        "DOUBLE" => double.Parse(text, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture),
        "FLOAT" => float.Parse(text, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture),
        _ when lakeType.EndsWith(']') => JsonSerializer.Serialize(JsonDocument.Parse(text).RootElement),
        _ => text,
    };

    private static async Task<List<string>> SourceRowsAsync(NpgsqlConnection connection, string sql, List<(string Name, string Type)> columns)
    {
        var rows = new List<string>();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('\u001f', Enumerable.Range(0, reader.FieldCount)
                .Select(i => reader.IsDBNull(i) ? "∅" : Normalize(reader.GetString(i), columns[i].Type))));
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    private static async Task<List<string>> ColumnsAsync(NpgsqlConnection connection, string schema, string table)
    {
        await using var command = new NpgsqlCommand(
            "SELECT attname FROM pg_attribute WHERE attrelid = format('%I.%I', @schema, @table)::regclass AND attnum > 0 AND NOT attisdropped", connection)
        {
            Parameters = { new("schema", schema), new("table", table) },
        };
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await reader.ReadAsync())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
