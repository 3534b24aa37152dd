using LakePortal.Ingestion.Tests.Capture;
using LakePortal.TestSupport;
using MySqlConnector;
using Xunit.Abstractions;

namespace LakePortal.Ingestion.Tests.MySql;

/// <summary>A database that others made, changed in every way while it is captured, definitions included; every table ends equal to its source. LAKE_LONG_TESTS=1: for three minutes.</summary>
[Collection(MySqlProof.Name)]
public sealed class SakilaCaptureTests(MariaDbServer server, ITestOutputHelper output)
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(LongTests.Are ? 180 : 20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static readonly string[] Writes =
    [
        "UPDATE customer SET email = CONCAT('c', FLOOR(RAND() * 1000), '@example.org'), active = 1 - active WHERE customer_id = 1 + FLOOR(RAND() * 599)",
        "INSERT INTO payment (customer_id, staff_id, rental_id, amount, payment_date) VALUES (1 + FLOOR(RAND() * 500), 1, NULL, ROUND(RAND() * 100, 2), NOW())",
        "DELETE FROM payment WHERE payment_id = FLOOR(RAND() * 16000)",
        "UPDATE film SET description = REPEAT('é', FLOOR(RAND() * 400)), special_features = 'Trailers,Deleted Scenes', rating = 'PG-13' WHERE film_id = 1 + FLOOR(RAND() * 1000)",
        "UPDATE rental SET return_date = NOW() WHERE rental_id BETWEEN 100 AND 130",
        "INSERT INTO rental (rental_date, inventory_id, customer_id, staff_id) SELECT NOW() + INTERVAL seq SECOND, 1 + FLOOR(RAND() * 1000), 1 + FLOOR(RAND() * 500), 1 FROM seq_1_to_5 ON DUPLICATE KEY UPDATE staff_id = 2",
        "INSERT INTO actor (first_name, last_name) VALUES ('NEW', CONCAT('ACTOR', FLOOR(RAND() * 100)))",
        "DELETE FROM actor WHERE actor_id > 220",
        "UPDATE address SET phone = FLOOR(RAND() * 100000), address2 = NULL WHERE address_id = 1 + FLOOR(RAND() * 600)",
        "UPDATE staff SET picture = REPEAT(x'00ff', FLOOR(RAND() * 5000)), active = NOT active",
        "START TRANSACTION; UPDATE inventory SET store_id = 3 - store_id WHERE inventory_id < 50; UPDATE country SET country = UPPER(country); SAVEPOINT a; DELETE FROM film_text; ROLLBACK TO a; UPDATE city SET city = LOWER(city) WHERE city_id < 20; COMMIT",
        "START TRANSACTION; DELETE FROM film_actor WHERE film_id = 5; ROLLBACK",
        "UPDATE film_category SET category_id = 1 + FLOOR(RAND() * 16) WHERE film_id = 1 + FLOOR(RAND() * 1000) AND category_id < 17",
        "UPDATE IGNORE film_actor SET actor_id = 1 + FLOOR(RAND() * 200) WHERE film_id = 1 + FLOOR(RAND() * 1000)",
        "REPLACE INTO film_text (film_id, title, description) VALUES (1 + FLOOR(RAND() * 1000), 'replaced', REPEAT('z', FLOOR(RAND() * 100)))",
    ];

    private static readonly string[] Definitions =
    [
        "ALTER TABLE address ADD COLUMN note text; UPDATE address SET note = 'n' WHERE address_id % 2 = 0",
        "ALTER TABLE city ADD COLUMN population int NOT NULL DEFAULT 1000; UPDATE city SET population = 5 WHERE city_id % 3 = 0",
        "ALTER TABLE country ADD COLUMN code char(3) CHARACTER SET latin1 AFTER country_id; UPDATE country SET code = 'äöü' WHERE country_id < 10",
        "ALTER TABLE customer CHANGE email mail varchar(80); UPDATE customer SET mail = 'renamed' WHERE customer_id % 9 = 0; ALTER TABLE customer CHANGE mail email varchar(90)",
        "ALTER TABLE category ADD COLUMN extra int; ALTER TABLE category DROP COLUMN extra; UPDATE category SET name = CONCAT(name, 'x')",
        "ALTER TABLE payment MODIFY amount decimal(12,2) NOT NULL; UPDATE payment SET amount = amount + 1000000 WHERE payment_id % 503 = 0",
        "ALTER TABLE film MODIFY rating enum('G','PG','PG-13','R','NC-17','X'), ADD COLUMN score float FIRST; UPDATE film SET rating = 'X', score = 1.5 WHERE film_id % 50 = 0",
        "ALTER TABLE city MODIFY population varchar(40); UPDATE city SET population = 'none' WHERE city_id % 19 = 0",
        "TRUNCATE TABLE film_text; INSERT INTO film_text (film_id, title) SELECT film_id, title FROM film WHERE film_id % 2 = 0",
        "ALTER TABLE address DROP COLUMN note; UPDATE address SET district = CONCAT(district, '!') WHERE address_id % 5 = 0",
        "CREATE TABLE category_new LIKE category; INSERT INTO category_new SELECT * FROM category; SET foreign_key_checks = 0; RENAME TABLE category TO category_old, category_new TO category; UPDATE category SET name = 'again' WHERE category_id = 1; DROP TABLE category_old",
        "ALTER TABLE actor ADD INDEX idx_first (first_name), COMMENT = 'with, a comma (and more)'; UPDATE actor SET last_name = LOWER(last_name) WHERE actor_id % 3 = 0",
        "FLUSH BINARY LOGS",
        "UPDATE rental SET rental_id = rental_id + 100000 WHERE rental_id = 4711",
    ];

    [Fact]
    public async Task Every_table_is_equal_after_everything_was_done_to_it()
    {
        if (SharedFiles.Find("data/sakila-mysql-schema.sql") is not { } schema || SharedFiles.Find("data/sakila-mysql-data.sql") is not { } data)
        {
            output.WriteLine("SKIPPED: data/sakila-mysql-*.sql are not beside the repository (LAKE_SHARED names their folder).");
            return;
        }

        await server.RunScriptAsync(schema);
        await server.RunScriptAsync(data);
        await using var lake = await MySqlLake.CaptureAsync(server, "sakila");
        using var stop = new CancellationTokenSource();
        var writing = Enumerable.Range(0, 2).Select(i => Task.Run(() => WriteAsync(i, stop.Token))).ToList();
        await lake.SyncAsync("\"sakila.*\"", "mode: bootstrap+cdc\nname: \"{table}\"");
        var tables = await lake.AskAsync("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'sakila' AND TABLE_TYPE = 'BASE TABLE'");
        foreach (var table in tables)
        {
            await lake.StreamingAsync(table, Patience);
        }

        foreach (var definition in Definitions)
        {
            await DefineAsync(definition);
            await Task.Delay(Duration / Definitions.Length);
        }

        await stop.CancelAsync();
        var written = (await Task.WhenAll(writing)).Sum();
        Assert.True(written > 100, $"{written} statements");
        foreach (var table in tables)
        {
            await lake.StreamingAsync(table, Patience);
            await lake.EqualSoonAsync(table, $"refined.{table}", patience: Patience);
            Assert.Equal("0", await lake.Lake.ScalarAsync($"SELECT count(*) FROM (SELECT _position FROM raw.\"{table}\" WHERE _load_type = 'CDC' GROUP BY 1 HAVING count(*) > 1)"));
        }

        output.WriteLine($"{tables.Count} tables equal after {written} statements; {await lake.Lake.ScalarAsync($"SELECT {string.Join(" + ", tables.Select(t => $"(SELECT count(*) FROM raw.\"{t}\" WHERE _load_type = 'CDC')"))}")} changes in raw.");
        foreach (var e in (await lake.EventsAsync()).Where(e => e.StartsWith("schema-change", StringComparison.Ordinal)))
        {
            output.WriteLine(e);
        }
    }

    /// <summary>Statement by statement: writers get in between.</summary>
    private async Task DefineAsync(string statements)
    {
        await using var connection = new MySqlConnection(server.ConnectionString("sakila"));
        await connection.OpenAsync();
        foreach (var statement in statements.Split("; "))
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    await using var command = new MySqlCommand(statement, connection) { CommandTimeout = 120 };
                    await command.ExecuteNonQueryAsync();
                    break;
                }
                catch (MySqlException e) when ((e.Number is 1213 or 1205 || e.Message.Contains("Retry transaction", StringComparison.Ordinal)) && attempt < 10)
                {
                    continue;
                }
            }
        }
    }

    private async Task<int> WriteAsync(int writer, CancellationToken stop)
    {
        var count = 0;
        await using var connection = new MySqlConnection(server.ConnectionString("sakila"));
        await connection.OpenAsync(CancellationToken.None);
        for (; !stop.IsCancellationRequested; count++)
        {
            await using var command = new MySqlCommand(Writes[(count + (writer * 7)) % Writes.Length], connection);
            try
            {
                await command.ExecuteNonQueryAsync(CancellationToken.None);
                await Task.Delay(5, CancellationToken.None);
            }
            catch (MySqlException e) when (e.Number is 1213 or 1205 or 1451 or 1452 or 1412 or 1062 or 1054)
            {
                // Writers that meet each other, or a definition that changes (a column has another name for a moment); what a transaction had begun is undone.
                await using var undo = new MySqlCommand("ROLLBACK", connection);
                await undo.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }

        return count;
    }
}

/// <summary>A server of their own for tests that take long, so that they run beside the others.</summary>
[CollectionDefinition(Name)]
public sealed class MySqlProof : ICollectionFixture<MariaDbServer>
{
    public const string Name = "mariadb proof";
}
