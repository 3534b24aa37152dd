using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;
using LakePortal.Kernel.Secrets;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using MySqlConnector;

namespace LakePortal.Ingestion.Tests.MySql;

/// <summary>A lake with a database of the private MariaDB as its source.</summary>
internal sealed class MySqlLake : IAsyncDisposable
{
    private MySqlLake(IngestionLake lake, MariaDbServer server, string database) => (Lake, Server, Database) = (lake, server, database);

    public IngestionLake Lake { get; }

    public MariaDbServer Server { get; }

    public string Database { get; }

    public static async Task<MySqlLake> StartAsync(MariaDbServer server, string? database = null, IReadOnlyDictionary<string, string?>? settings = null) =>
        new(await IngestionLake.StartWithoutSourceAsync(settings, s => s.AddSingleton<ISecretResolver, OnePassword>()), server, database ?? await server.CreateDatabaseAsync());

    public Task ExecuteAsync(string sql) => Server.ExecuteAsync(Database, sql);

    public string SourceYaml(string extra = "", string? password = null) =>
        $"""
        kind: source
        name: src
        type: mariadb
        host: 127.0.0.1
        port: {Server.Port}
        username: {Server.User}
        password: {password ?? "${secret:right}"}
        {extra}
        """;

    public async Task SyncAsync(string tables, string extra = "", string source = "") =>
        _ = await Lake.ApplyAsync(SourceYaml(source), $"kind: sync\nsource: src\ntables: [{tables}]\n{extra}");

    /// <summary>The refined table has what the source has, value by value.</summary>
    public async Task EqualAsync(string table, string? refined = null)
    {
        var (expected, actual) = (await SourceRowsAsync(table), await LakeRowsAsync(refined ?? $"refined.src_{table}"));
        if (!expected.SequenceEqual(actual))
        {
            Assert.Fail($"{table}: missing {Show(expected.Except(actual))}; too many {Show(actual.Except(expected))} ({expected.Count} and {actual.Count} rows).");
        }
    }

    /// <summary>All rows as the server's own functions print them, each a line, sorted.</summary>
    public async Task<List<string>> SourceRowsAsync(string table)
    {
        await using var connection = new MySqlConnection(Server.ConnectionString(Database));
        await connection.OpenAsync();
        await using (var zone = new MySqlCommand("SET time_zone = '+00:00'", connection))
        {
            await zone.ExecuteNonQueryAsync();
        }

        var columns = new List<string>();
        await using (var describe = new MySqlCommand("SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = @s AND TABLE_NAME = @t ORDER BY ORDINAL_POSITION", connection))
        {
            describe.Parameters.AddWithValue("@s", Database);
            describe.Parameters.AddWithValue("@t", table);
            await using var reader = await describe.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                columns.Add(Print($"`{reader.GetString(0)}`", reader.GetString(1), reader.GetString(2)));
            }
        }

        return Sorted(await AskAsync(connection, $"SELECT CONCAT_WS(CHAR(31 USING utf8mb4), {string.Join(", ", columns.Select(c => $"COALESCE({c}, '∅')"))}) FROM `{table}`"));
    }

    public async Task<List<string>> AskAsync(string sql)
    {
        await using var connection = new MySqlConnection(Server.ConnectionString(Database));
        await connection.OpenAsync();
        return await AskAsync(connection, sql);
    }

    public async Task<List<string>> LakeRowsAsync(string table)
    {
        Assert.True(TableIdentifier.TryParse(table, out var identifier));
        var schema = (await Lake.Catalog.LoadAsync(identifier, CancellationToken.None)).Schema;
        var columns = schema.Fields.Select(f => $"coalesce({Print(f.Type, $"\"{f.Name}\"")}, '∅')");
        return Sorted(await Lake.QueryAsync($"SELECT {string.Join(" || chr(31) || ", columns)} AS r FROM \"{identifier.Namespace}\".\"{identifier.Name}\""));
    }

    public ValueTask DisposeAsync() => Lake.DisposeAsync();

    private static string Print(string column, string type, string declared) => type switch
    {
        "datetime" or "timestamp" => $"DATE_FORMAT({column}, '%Y-%m-%d %H:%i:%s.%f')",
        "time" => $"TIME_FORMAT({column}, '%H:%i:%s.%f')",
        "bit" or "year" => $"CAST({column} + 0 AS CHAR)",
        _ when declared.Contains("zerofill", StringComparison.Ordinal) => $"CAST({column} + 0 AS CHAR)",
        "binary" or "varbinary" or "tinyblob" or "blob" or "mediumblob" or "longblob" => $"LOWER(HEX({column}))",
        "geometry" or "point" or "linestring" or "polygon" => $"LOWER(HEX(ST_AsBinary({column})))",
        "float" => throw new NotSupportedException(declared),
        _ => $"CAST({column} AS CHAR CHARACTER SET utf8mb4)",
    };

    private static string Print(IcebergType type, string value) => type switch
    {
        PrimitiveType { Kind: PrimitiveKind.Boolean } => $"CASE WHEN {value} THEN '1' WHEN NOT {value} THEN '0' END",
        PrimitiveType { Kind: PrimitiveKind.Binary } => $"lower(hex({value}))",
        PrimitiveType { Kind: PrimitiveKind.TimestampTz } => $"strftime(({value}) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f')",
        PrimitiveType { Kind: PrimitiveKind.Timestamp } => $"strftime({value}, '%Y-%m-%d %H:%M:%S.%f')",
        PrimitiveType { Kind: PrimitiveKind.Time } => $"strftime(DATE '2000-01-01' + {value}, '%H:%M:%S.%f')",
        PrimitiveType { Kind: PrimitiveKind.Decimal } => $"replace(replace('^' || ({value})::VARCHAR, '^-.', '^-0.'), '^.', '^0.')[2:]",
        _ => $"({value})::VARCHAR",
    };

    private static async Task<List<string>> AskAsync(MySqlConnection connection, string sql)
    {
        var rows = new List<string>();
        await using var command = new MySqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.IsDBNull(0) ? "∅" : reader.GetValue(0).ToString()!);
        }

        return rows;
    }

    private static List<string> Sorted(List<string> rows)
    {
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    private sealed class OnePassword : ISecretResolver
    {
        public Task<string> ResolveAsync(string text, CancellationToken cancellationToken) => Task.FromResult(text == "${secret:right}" ? "lake" : text == "${secret:wrong}" ? "wrong" : text);

        public Task<IReadOnlyList<MissingReference>> FindMissingAsync(string text, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<MissingReference>>([]);
    }

    private static string Show(IEnumerable<string> rows) => string.Join(" / ", rows.Take(3).Select(r => r.Length > 200 ? r[..200] : r)).Replace('\u001f', '|');
}

[CollectionDefinition(Name)]
public sealed class MariaDbTests : ICollectionFixture<MariaDbServer>
{
    public const string Name = "mariadb";
}
