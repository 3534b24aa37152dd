using System.Globalization;
using System.Text.Json;
using LakePortal.Cli.Client;
using LakePortal.EndToEnd.Tests.Support;

namespace LakePortal.EndToEnd.Tests.Interop;

/// <summary>
/// Rows of a table as both engines say them, each in its own SQL. ClickHouse has no null list and keeps whole seconds of a time of day; that much
/// is allowed for.
/// </summary>
internal static class TypedTable
{
    private static readonly (string Ours, string Theirs, Func<string, string> Same)[] Columns =
    [
        ("id", "toString(id)", Exact), ("int_value", "toString(int_value)", Exact), ("flag", "toString(flag)", Exact),
        ("single_value", "toString(single_value)", Number), ("double_value", "toString(double_value)", Number),
        ("decimal_small", "toString(decimal_small)", Decimal), ("decimal_medium", "toString(decimal_medium)", Decimal), ("decimal_large", "toString(decimal_large)", Decimal),
        ("text_value", "text_value", Exact), ("date_value", "toString(date_value)", Exact), ("epoch_us(time_value) // 1000000", "toString(time_value)", Exact),
        ("epoch_us(timestamp_value)", "toString(toUnixTimestamp64Micro(timestamp_value))", Exact), ("epoch_us(moment)", "toString(toUnixTimestamp64Micro(moment))", Exact),
        ("uuid_value", "toString(uuid_value)", Exact), ("hex(binary_value)", "hex(binary_value)", Exact), ("to_json(list_value)", "toJSONString(list_value)", Exact),
        ("to_json(struct_value)", "toJSONString(struct_value)", Exact), ("to_json(map_value)", "toJSONString(map_value)", Exact),
    ];

    /// <summary>Compares all rows, value by value, and returns how many there were.</summary>
    public static async Task<int> CompareAsync(TestLake lake, string table)
    {
        var ours = (await lake.QueryAsync($"SELECT {string.Join(", ", Columns.Select(c => $"CAST({c.Ours} AS VARCHAR)"))} FROM curated.{table} ORDER BY id")).Rows;
        var detail = await lake.Api.GetAsync($"/api/v1/tables/curated/{table}", CancellationToken.None);
        var location = new Uri(Listing.Find(detail, "location")!.Value.GetString()!).LocalPath;
        var theirs = (await ClickHouse.AskAsync(
                lake.DataDirectory, $"SELECT {string.Join(", ", Columns.Select((c, i) => $"{c.Theirs} AS c{i}"))} FROM icebergLocal('{location}') AS t ORDER BY t.id", "JSONCompactEachRow"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.EnumerateArray().ToList()).ToList();
        Assert.Equal(ours.Count, theirs.Count);
        for (var i = 0; i < ours.Count; i++)
        {
            Assert.Equal(Text(ours[i]), Text(theirs[i]));
        }

        return ours.Count;
    }

    /// <summary>Live files of a kind of content.</summary>
    public static async Task<int> FilesAsync(TestLake lake, string table, string content)
    {
        var answer = await lake.Api.GetAsync($"/api/v1/tables/curated/{table}/files?limit=10000", CancellationToken.None);
        return Listing.Find(answer, "files")!.Value.EnumerateArray().Count(f => f.GetProperty("content").GetString() == content);
    }

    private static string Text(List<JsonElement> row) =>
        string.Join(" | ", row.Select((v, i) => v.ValueKind == JsonValueKind.Null ? "NULL" : Columns[i].Same(v.GetString()!)));

    private static string Exact(string text) => text;

    private static string Number(string text) => double.Parse(text, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Engines differ in the trailing zeros that they print.</summary>
    private static string Decimal(string text) => text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
}
