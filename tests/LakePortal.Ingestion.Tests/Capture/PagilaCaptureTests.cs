using LakePortal.Ingestion.Capture.State;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.TestSupport;
using Npgsql;
using Xunit.Abstractions;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>
/// A database that others made, changed in every way while it is captured, definitions included; every table ends equal to its source. LAKE_LONG_TESTS=1: for
/// three minutes.
/// </summary>
[Collection(CaptureProof.Name)]
public sealed class PagilaCaptureTests(PostgresServer server, ITestOutputHelper output)
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(LongTests.Are ? 180 : 25);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static readonly string[] Writes =
    [
        "INSERT INTO actor (first_name, last_name) SELECT 'A' || i, repeat('x', (random() * 200)::int) FROM generate_series(1, 5) i",
        "UPDATE actor SET first_name = first_name || '!' WHERE actor_id % 17 = (random() * 17)::int",
        "DELETE FROM actor WHERE actor_id = (SELECT max(actor_id) FROM actor)",
        "UPDATE film SET description = repeat(md5(random()::text), 200), rating = 'PG-13', special_features = ARRAY['Trailers', NULL, 'a \"quoted\" one'] WHERE film_id % 50 = (random() * 50)::int",
        "UPDATE film SET length = length + 1 WHERE film_id % 20 = (random() * 20)::int",
        "UPDATE film SET film_id = film_id + 10000, title = title || '.' WHERE film_id = (SELECT min(film_id) FROM film)",
        "BEGIN; UPDATE film SET description = repeat(md5(random()::text), 300) WHERE film_id % 70 = (random() * 70)::int; SAVEPOINT a; DELETE FROM film; ROLLBACK TO a; UPDATE film SET rental_rate = rental_rate + 0.01 WHERE film_id % 70 = 3; COMMIT",
        "UPDATE film_actor SET actor_id = actor_id + 10000 WHERE actor_id = (SELECT min(actor_id) FROM film_actor WHERE actor_id < 10000)",
        "UPDATE customer SET email = NULL, activebool = NOT activebool WHERE customer_id % 31 = (random() * 31)::int",
        "UPDATE customer SET customer_id = customer_id + 100000 WHERE customer_id = (SELECT min(customer_id) FROM customer)",
        "DELETE FROM rental WHERE rental_id IN (SELECT rental_id FROM rental ORDER BY random() LIMIT 20)",
        "INSERT INTO rental (rental_date, inventory_id, customer_id, staff_id) SELECT now() + i * interval '1 microsecond', 1 + (random() * 1000)::int, i, 1 FROM generate_series(1, 20) i",
        "UPDATE payment SET amount = amount + 0.01 WHERE payment_id % 101 = (random() * 101)::int",
        "UPDATE payment SET payment_date = payment_date + interval '1 month' WHERE payment_id IN (SELECT payment_id FROM payment WHERE payment_date < '2022-04-01' ORDER BY random() LIMIT 5)",
        "DELETE FROM payment WHERE payment_id % 997 = (random() * 997)::int",
        "BEGIN; UPDATE city SET city = 'rolled back'; ROLLBACK",
        "TRUNCATE language; INSERT INTO language (name) SELECT 'L' || i FROM generate_series(1, 6) i",
        "UPDATE staff SET picture = decode(repeat('00ff', 3000), 'hex'); UPDATE staff SET username = username || '1' WHERE length(username) < 100",
    ];

    private static readonly string[] Definitions =
    [
        "ALTER TABLE address ADD COLUMN note text; UPDATE address SET note = 'n' WHERE address_id % 2 = 0",
        "ALTER TABLE city ADD COLUMN population int NOT NULL DEFAULT 1000; UPDATE city SET population = 5 WHERE city_id % 3 = 0",
        "ALTER TABLE country RENAME COLUMN country TO country_name; UPDATE country SET country_name = country_name || '.' WHERE country_id < 10",
        "ALTER TABLE category ADD COLUMN extra int; ALTER TABLE category DROP COLUMN extra; UPDATE category SET name = name || 'x'",
        "ALTER TABLE inventory ALTER inventory_id TYPE bigint; UPDATE inventory SET film_id = film_id + 1 WHERE inventory_id % 11 = 0; INSERT INTO inventory (inventory_id, film_id, store_id) VALUES (5000000000, 1, 1)",
        "ALTER TABLE store ADD COLUMN opened timestamptz DEFAULT now()",
        "ALTER TABLE address DROP COLUMN address2; UPDATE address SET district = district || '!' WHERE address_id % 5 = 0",
        "ALTER TABLE customer RENAME COLUMN first_name TO given; ALTER TABLE customer RENAME COLUMN last_name TO family; UPDATE customer SET given = lower(given) WHERE customer_id % 7 = 0",
        "ALTER TABLE payment ALTER amount TYPE numeric(12,2); UPDATE payment SET amount = amount + 1000000 WHERE payment_id % 503 = 0",
        "ALTER TABLE city ALTER population TYPE text USING population || ' people'; UPDATE city SET population = 'none' WHERE city_id % 19 = 0",
    ];

    [Fact]
    public async Task Every_table_is_equal_after_everything_was_done_to_it()
    {
        var files = new[] { "data/pagila-schema.sql", "data/pagila-data.sql" }.Select(SharedFiles.Find).ToList();
        if (files.Contains(null))
        {
            output.WriteLine("SKIPPED: data/pagila-*.sql are not beside the repository (LAKE_SHARED names their folder).");
            return;
        }

        var database = await server.CreateDatabaseAsync("pagila_captured");
        foreach (var file in files)
        {
            await server.RunScriptAsync(database, file!);
        }

        // Foreign keys would only get into the writers' way.
        await server.ExecuteAsync(database, "ALTER TABLE film ALTER description SET STORAGE EXTERNAL; ALTER TABLE staff ALTER picture SET STORAGE EXTERNAL");
        await server.ExecuteAsync(database, "DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$");
        await using var lake = await CaptureLake.StartAsync(server, new Dictionary<string, string?> { ["Ingestion:ConcurrentRuns"] = "4" }, database: database);
        await lake.Lake.SyncAsync("\"public.*\"", "mode: bootstrap+cdc\nname: \"{table}\"");
        var tables = await lake.AskSourceAsync("SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1");

        using var stop = new CancellationTokenSource(Duration);
        var writing = Enumerable.Range(0, 2).Select(i => WriteAsync(database, i, stop.Token)).ToList();
        foreach (var table in tables)
        {
            await lake.UntilAsync(async () => (await lake.Store.FindTableAsync(table, CancellationToken.None))?.State is CaptureStates.Streaming or CaptureStates.Held, $"{table} streams or is held", Patience);
            if (await lake.Store.FindTableAsync(table, CancellationToken.None) is { State: CaptureStates.Held } held)
            {
                output.WriteLine($"{table}: {held.Reason} {held.Hint}");
                await lake.ExecuteAsync(held.Hint![..(held.Hint!.LastIndexOf(';') + 1)]);
                _ = await lake.Lake.Lake.SendAsync(new RestartCapture(table));
                await lake.StreamingAsync(table, Patience);
            }
        }

        foreach (var definition in Definitions)
        {
            await DefineAsync(lake, definition);
            await Task.Delay(300);
        }

        var written = (await Task.WhenAll(writing)).Sum();
        Assert.True(written > 100, $"{written} statements");
        foreach (var table in tables)
        {
            await lake.StreamingAsync(table, Patience);
            await lake.EqualAsync(table, $"refined.{table}", Patience);
            Assert.Equal("0", await lake.Lake.ScalarAsync($"SELECT count(*) FROM (SELECT _position FROM raw.\"{table}\" WHERE _load_type = 'CDC' GROUP BY 1 HAVING count(*) > 1)"));
        }

        output.WriteLine($"{tables.Count} tables equal after {written} statements; {await lake.Lake.ScalarAsync($"SELECT {string.Join(" + ", tables.Select(t => $"(SELECT count(*) FROM raw.\"{t}\" WHERE _load_type = 'CDC')"))}")} changes in raw.");
    }

    /// <summary>Views hide columns' types from change, and writers' locks come in between.</summary>
    private static async Task DefineAsync(CaptureLake lake, string definition)
    {
        await lake.UntilAsync(async () =>
        {
            try
            {
                await lake.ExecuteAsync($"DO $$ DECLARE v record; BEGIN FOR v IN SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm') LOOP EXECUTE format('DROP %s VIEW IF EXISTS %I CASCADE', CASE v.relkind WHEN 'm' THEN 'MATERIALIZED' ELSE '' END, v.relname); END LOOP; END $$; {definition}");
                return true;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                return false;
            }
        }, definition);
    }

    /// <summary>Statements in an order that a seed decides. What another writer's definition or lock refuses is left out.</summary>
    private async Task<int> WriteAsync(string database, int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        await using var connection = new NpgsqlConnection(server.ConnectionString(database));
        await connection.OpenAsync(CancellationToken.None);
        var written = 0;
        while (!stop.IsCancellationRequested)
        {
            await using var command = new NpgsqlCommand(Writes[random.Next(Writes.Length)], connection);
            try
            {
                await command.ExecuteNonQueryAsync(CancellationToken.None);
                written++;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.CheckViolation or PostgresErrorCodes.ObjectNotInPrerequisiteState)
            {
                output.WriteLine(e.MessageText);
                await using var rollback = new NpgsqlCommand("ROLLBACK", connection);
                await rollback.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }

        return written;
    }
}
