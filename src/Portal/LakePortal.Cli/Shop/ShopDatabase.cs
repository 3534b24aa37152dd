using LakePortal.Cli.Processes;
using Npgsql;

namespace LakePortal.Cli.Shop;

/// <summary>The sample shop in a private server: made once, kept for later starts.</summary>
internal static class ShopDatabase
{
    public const string Name = "shop";

    /// <summary>User of the source, allowed to read and nothing else.</summary>
    public const string Reader = "lake";

    /// <summary>Makes and fills the database unless an earlier call finished that.</summary>
    /// <returns>Rows by table when it was filled now; null when it was there.</returns>
    public static async Task<IReadOnlyDictionary<string, long>?> EnsureAsync(
        PrivatePostgres server, ShopOptions options, string readerPassword, CancellationToken cancellationToken)
    {
        var mark = await MarkAsync(server, cancellationToken);
        if (mark == "complete")
        {
            await server.ExecuteAsync(Name, Grants(readerPassword), cancellationToken);
            return null;
        }

        await server.ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS {Name}", cancellationToken);
        await server.ExecuteAsync("postgres", $"CREATE DATABASE {Name}", cancellationToken);
        await server.ExecuteAsync(Name, Resource("shop.schema.sql"), cancellationToken);
        var rows = await LoadAsync(server, new ShopTables(options), cancellationToken);
        await server.ExecuteAsync(Name, Resource("shop.indexes.sql"), cancellationToken);
        await server.ExecuteAsync(Name, Grants(readerPassword), cancellationToken);
        await server.ExecuteAsync(Name, $"COMMENT ON DATABASE {Name} IS 'complete'", cancellationToken);
        return rows;
    }

    private static async Task<Dictionary<string, long>> LoadAsync(PrivatePostgres server, ShopTables tables, CancellationToken cancellationToken)
    {
        var rows = new Dictionary<string, long>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            tables.All, new ParallelOptions { MaxDegreeOfParallelism = 3, CancellationToken = cancellationToken }, async (table, token) =>
            {
                await using var connection = await server.OpenAsync(Name, token);
                await using var copy = await connection.BeginTextImportAsync($"COPY {table.Table} FROM STDIN", token);
                var count = table.Write(new CopyText(copy));
                lock (rows)
                {
                    rows[table.Table] = count;
                }
            });
        return rows;
    }

    private static async Task<string?> MarkAsync(PrivatePostgres server, CancellationToken cancellationToken)
    {
        await using var connection = await server.OpenAsync("postgres", cancellationToken);
        await using var command = new NpgsqlCommand(
            $"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{Name}'", connection);
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    private static string Grants(string readerPassword) =>
        $"""
        DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{Reader}') THEN CREATE ROLE {Reader}; END IF; END $$;
        ALTER ROLE {Reader} LOGIN REPLICATION PASSWORD '{readerPassword}';
        GRANT USAGE ON SCHEMA public TO {Reader};
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO {Reader};
        DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'lakeportal_shop') THEN
          CREATE PUBLICATION lakeportal_shop FOR TABLE orders, payments WITH (publish_via_partition_root = true);
        END IF; END $$;
        """;

    private static string Resource(string name)
    {
        using var stream = typeof(ShopDatabase).Assembly.GetManifestResourceStream(name)
            ?? throw new StepFailedException($"The resource {name} is missing from the program.", "Build it again.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
