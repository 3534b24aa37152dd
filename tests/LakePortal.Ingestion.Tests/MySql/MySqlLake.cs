using LakePortal.Iceberg;
using LakePortal.Iceberg.Schemas;
using LakePortal.Ingestion.Capture;
using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Sources;
using LakePortal.Kernel.Secrets;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using MySqlConnector;

namespace LakePortal.Ingestion.Tests.MySql;

/// <summary>A lake with a database of the private MariaDB as its source.</summary>
internal sealed class MySqlLake : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, string?> Quick = new()
    {
        ["Capture:ShortestCommitInterval"] = "00:00:00.100", ["Capture:FirstRetry"] = "00:00:00.050", ["Capture:LongestRetry"] = "00:00:00.200", ["Capture:HeartbeatInterval"] = "00:00:00.500",
    };

    private MySqlLake(IngestionLake lake, MariaDbServer server, string database) => (Lake, Server, Database) = (lake, server, database);

    public IngestionLake Lake { get; }

    public MariaDbServer Server { get; }

    public string Database { get; }

    public static async Task<MySqlLake> StartAsync(MariaDbServer server, string? database = null, IReadOnlyDictionary<string, string?>? settings = null) =>
        new(await IngestionLake.StartWithoutSourceAsync(settings, s => s.AddSingleton<ISecretResolver, OnePassword>()), server, database ?? await server.CreateDatabaseAsync());

    /// <summary>That looks often, and commits soon.</summary>
    public static async Task<MySqlLake> CaptureAsync(MariaDbServer server, string? database = null, Action<IServiceCollection>? configure = null) =>
        new(await StartLakeAsync(Quick, configure, null), server, database ?? await server.CreateDatabaseAsync());

    /// <summary>A table <c>t</c> that is loaded and follows its changes.</summary>
    public static async Task<MySqlLake> FollowAsync(MariaDbServer server, string sql)
    {
        var lake = await CaptureAsync(server);
        await lake.ExecuteAsync(sql);
        await lake.SyncAsync($"\"{lake.Database}.t\"", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        return lake;
    }

    public Task<TemporaryDirectory> StopAsync() => Lake.Lake.StopAsync();

    /// <summary>Another process on what this one leaves.</summary>
    public async Task<MySqlLake> AgainAsync(TemporaryDirectory? stopped = null, Action<IServiceCollection>? configure = null) => new(await StartLakeAsync(Quick, configure, stopped ?? await StopAsync()), Server, Database);

    private static Task<IngestionLake> StartLakeAsync(IReadOnlyDictionary<string, string?> settings, Action<IServiceCollection>? configure, TemporaryDirectory? data) => IngestionLake.StartWithoutSourceAsync(settings, s =>
    {
        s.AddSingleton<ISecretResolver, OnePassword>();
        configure?.Invoke(s);
    }, data);

    /// <summary>Waits until everything that is committed now is in the lake.</summary>
    public async Task CaughtUpAsync()
    {
        var (tables, _) = Lake.Lake.Services.GetRequiredService<CaptureRegistry>().FindSource("src") ?? throw new InvalidOperationException("The source is not captured.");
        await using var connection = new MySqlConnection(Server.ConnectionString());
        await connection.OpenAsync();
        await using var command = new MySqlCommand("SHOW MASTER STATUS", connection);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var position = LogPosition.InFile(uint.Parse(reader.GetString(0).Split('.')[^1], System.Globalization.CultureInfo.InvariantCulture), Convert.ToUInt32(reader.GetValue(1), System.Globalization.CultureInfo.InvariantCulture));
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await tables.WhenReached(position, limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Not caught up with {position}: {await DescribeAsync()}");
        }
    }

    public CaptureStore Store => Lake.Lake.Services.GetRequiredService<CaptureStore>();

    public async Task<List<string>> EventsAsync() => [.. (await Store.EventsAsync("src", null, 1000, CancellationToken.None)).Select(e => $"{e.Kind}: {e.Message}")];

    public Task StreamingAsync(string sync, TimeSpan? patience = null) => UntilAsync(async () => (await Store.FindTableAsync(sync, CancellationToken.None))?.State == CaptureStates.Streaming, $"{sync} streams", patience);

    public async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? patience = null)
    {
        for (var deadline = TimeProvider.System.GetUtcNow() + (patience ?? Patience); !await condition(); await Task.Delay(50))
        {
            if (TimeProvider.System.GetUtcNow() > deadline)
            {
                Assert.Fail($"Not in time: {what}. {await DescribeAsync()}");
            }
        }
    }

    /// <summary>The refined table has what the source has, once it has come so far.</summary>
    /// <param name="columns">In their order in the source and the lake; null: all.</param>
    public async Task EqualSoonAsync(string table, string? refined = null, string? columns = null, TimeSpan? patience = null)
    {
        var name = refined ?? $"refined.src_{table}";
        for (var deadline = TimeProvider.System.GetUtcNow() + (patience ?? Patience); TimeProvider.System.GetUtcNow() < deadline; await Task.Delay(100))
        {
            columns ??= await ColumnsAsync(table);
            if (await HasAsync(name, columns) && (await SourceRowsAsync(table, columns)).SequenceEqual(await LakeRowsAsync(name, columns)))
            {
                return;
            }
        }

        var (expected, actual) = (await SourceRowsAsync(table, columns), await LakeRowsAsync(name, columns));
        Assert.Fail($"{table}: {Difference(expected.Except(actual).FirstOrDefault() ?? "", actual.Except(expected).FirstOrDefault() ?? "")}; missing {Show(expected.Except(actual))}; too many {Show(actual.Except(expected))} ({expected.Count} and {actual.Count} rows). {await DescribeAsync()}");
    }

    /// <summary>Those that the log's rows have; what the server generates is left out.</summary>
    private async Task<string> ColumnsAsync(string table) => string.Join(", ", await AskAsync($"SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '{Database}' AND TABLE_NAME = '{table}' AND EXTRA NOT LIKE '%GENERATED%' ORDER BY ORDINAL_POSITION"));

    private async Task<bool> HasAsync(string table, string? columns)
    {
        Assert.True(TableIdentifier.TryParse(table, out var identifier));
        var schema = (await Lake.Catalog.LoadAsync(identifier, CancellationToken.None)).Schema;
        return (columns ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).All(c => schema.Find(c) is not null);
    }

    private async Task<string> DescribeAsync()
    {
        var capture = await Store.FindAsync("src", CancellationToken.None);
        var tables = Lake.Lake.Services.GetRequiredService<CaptureRegistry>().FindSource("src")?.Tables.All ?? [];
        var runs = await Lake.Runs.ListAsync(new Kernel.Runs.RunFilter { Kind = "sync", Limit = 3 }, CancellationToken.None);
        return $"{capture?.State} {capture?.Reason} {capture?.CapturedPosition} {string.Join(", ", tables.Select(t => $"{t.Name}: {t.State} {t.Reason} {t.RawPosition} {t.RefinedPosition} {t.NeedsLoad}"))}; "
            + $"{string.Join("; ", (await EventsAsync()).Take(20))}; {string.Join("; ", runs.Select(r => $"{r.Name} {r.State} {r.Error?.Message}"))}";
    }

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
    public async Task<List<string>> SourceRowsAsync(string table, string? only = null)
    {
        await using var connection = new MySqlConnection(Server.ConnectionString(Database));
        await connection.OpenAsync();
        await using (var zone = new MySqlCommand("SET time_zone = '+00:00'", connection))
        {
            await zone.ExecuteNonQueryAsync();
        }

        var columns = new List<string>();
        await using (var describe = new MySqlCommand("SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = @s AND TABLE_NAME = @t AND (@o = '' OR FIND_IN_SET(COLUMN_NAME, @o) > 0) ORDER BY FIND_IN_SET(COLUMN_NAME, @o), ORDINAL_POSITION", connection))
        {
            describe.Parameters.AddWithValue("@s", Database);
            describe.Parameters.AddWithValue("@t", table);
            describe.Parameters.AddWithValue("@o", only?.Replace(" ", "", StringComparison.Ordinal) ?? "");
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

    public async Task<List<string>> LakeRowsAsync(string table, string? only = null)
    {
        Assert.True(TableIdentifier.TryParse(table, out var identifier));
        var schema = (await Lake.Catalog.LoadAsync(identifier, CancellationToken.None)).Schema;
        var fields = only is null ? schema.Fields : [.. only.Split(',', StringSplitOptions.TrimEntries).Select(c => schema.Find(c)!)];
        var columns = fields.Select(f => $"coalesce({Print(f.Type, $"\"{f.Name}\"")}, '∅')");
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
        "float" => $"CAST(CAST(({column} + 0e0) AS DECIMAL(65, 20)) AS CHAR)",
        _ => $"CAST({column} AS CHAR CHARACTER SET utf8mb4)",
    };

    private static string Print(IcebergType type, string value) => type switch
    {
        PrimitiveType { Kind: PrimitiveKind.Boolean } => $"CASE WHEN {value} THEN '1' WHEN NOT {value} THEN '0' END",
        PrimitiveType { Kind: PrimitiveKind.Binary } => $"lower(hex({value}))",
        PrimitiveType { Kind: PrimitiveKind.TimestampTz } => $"strftime(({value}) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f')",
        PrimitiveType { Kind: PrimitiveKind.Timestamp } => $"strftime({value}, '%Y-%m-%d %H:%M:%S.%f')",
        PrimitiveType { Kind: PrimitiveKind.Time } => $"strftime(DATE '2000-01-01' + {value}, '%H:%M:%S.%f')",
        PrimitiveType { Kind: PrimitiveKind.Float } => $"({value}::DOUBLE::VARCHAR)::DECIMAL(38, 20)::VARCHAR",
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

    /// <summary>The first value in which two rows differ.</summary>
    private static string Difference(string left, string right) =>
        string.Join(", ", left.Split('\u001f').Zip(right.Split('\u001f')).Select((p, i) => p.First == p.Second ? null : $"value {i}: {Show([p.First])} and {Show([p.Second])}").Where(d => d is not null).Take(2));

    private static string Show(IEnumerable<string> rows) => string.Join(" / ", rows.Take(3).Select(r => r.Length > 200 ? r[..200] : r)).Replace('\u001f', '|');
}

[CollectionDefinition(Name)]
public sealed class MariaDbTests : ICollectionFixture<MariaDbServer>
{
    public const string Name = "mariadb";
}
