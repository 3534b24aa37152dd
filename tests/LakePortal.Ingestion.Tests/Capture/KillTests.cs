using System.Globalization;
using LakePortal.Iceberg;
using LakePortal.Ingestion.Capture.Landing;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace LakePortal.Ingestion.Tests.Capture;

/// <summary>
/// A fault between any two steps, for every kind of change: afterwards refined is the source, and raw has each change that the server's own decoder shows once.
/// </summary>
[Collection(CaptureProof.Name)]
public sealed class KillTests(PostgresServer server, ITestOutputHelper output)
{
    private const string Oracle = "oracle";

    /// <summary>Table, and what is done to it in a round.</summary>
    private static readonly (string Table, string Sql)[] Changes =
    [
        ("ins", "INSERT INTO ins SELECT {0} * 100 + i, 'new', repeat('n', 3000) FROM generate_series(1, 3) i"),
        ("upd", "UPDATE upd SET v = 'round {0}' WHERE id % 2 = 0; UPDATE upd SET big = repeat('{0}', 3000) WHERE id = 3"),
        ("del", "DELETE FROM del WHERE id IN (SELECT id FROM del ORDER BY id LIMIT 1)"),
        ("trunc", "INSERT INTO trunc VALUES (-{0}, 'gone', NULL); TRUNCATE trunc; INSERT INTO trunc VALUES ({0}, 'kept', repeat('k', 3000))"),
        ("keys", "UPDATE keys SET id = id + 1000 WHERE id % 3 = {0} % 3; UPDATE keys SET v = 'moved {0}' WHERE id > 1000"),
        ("added", "ALTER TABLE added ADD COLUMN c{0} int DEFAULT {0}; UPDATE added SET v = 'r{0}' WHERE id <= 3; INSERT INTO added (id, v) VALUES ({0} * 1000, 'n')"),
        ("plain", "ALTER TABLE plain ADD COLUMN c{0} int; UPDATE plain SET c{0} = {0} WHERE id <= 3"),
        ("renamed", "UPDATE renamed SET v{1} = 'before {0}' WHERE id = 1; ALTER TABLE renamed RENAME COLUMN v{1} TO v{0}; UPDATE renamed SET v{0} = 'round {0}' WHERE id = 2"),
        ("nokey", "INSERT INTO nokey VALUES (1, 'a'), (1, 'a'); DELETE FROM nokey WHERE ctid IN (SELECT ctid FROM nokey WHERE a = 1 LIMIT 1); UPDATE nokey SET b = 'r{0}' WHERE ctid IN (SELECT ctid FROM nokey LIMIT 1)"),
    ];

    private static readonly CaptureStep[] OfTables = [CaptureStep.BeforeRaw, CaptureStep.RawWritten, CaptureStep.RawCommitted, CaptureStep.RefinedPrepared, CaptureStep.RefinedCommitted];

    private static readonly CaptureStep[] OfSources = [CaptureStep.BeforePosition, CaptureStep.PositionSaved, CaptureStep.Acknowledged];

    [Fact]
    public async Task A_fault_at_any_step_loses_and_repeats_nothing()
    {
        var faults = new Faults();
        await using var lake = await StartAsync(faults);
        var round = 0;
        foreach (var step in OfTables)
        {
            faults.Arm(step, [.. Changes.Select(c => $"src_{c.Table}")]);
            await RoundAsync(lake, ++round);

            // A column with a default has the table loaded again, during which refined takes no steps of its own.
            await lake.UntilAsync(() => Task.FromResult(faults.Left.All(l => l.Sync == "src_added")), $"faults at {step}");
            faults.Disarm();
            await CheckAsync(lake, step.ToString());
        }

        foreach (var step in OfSources)
        {
            faults.Arm(step, (string?)null);
            await RoundAsync(lake, ++round);
            await lake.UntilAsync(() => Task.FromResult(faults.Left.Count == 0), $"a fault at {step}");
            await CheckAsync(lake, step.ToString());
        }
    }

    /// <summary>By default each step with one of the kinds of change, and all steps of the source; LAKE_LONG_TESTS=1: each step with each.</summary>
    [Fact]
    public async Task Another_process_goes_on_where_one_died()
    {
        var deaths = OfTables.SelectMany((step, i) => (LongTests.Are ? Changes : [Changes[(2 * i) % Changes.Length]]).Where(c => c.Table != "added").Select(c => (step, Sync: (string?)$"src_{c.Table}")))
            .Concat(OfSources.Select(s => (s, (string?)null))).ToList();
        var faults = new Faults { Dies = true };
        var lake = await StartAsync(faults);
        var round = 0;
        foreach (var (step, sync) in deaths)
        {
            faults.Arm(step, sync);
            await RoundAsync(lake, ++round);
            await lake.UntilAsync(() => Task.FromResult(faults.IsDead), $"dead at {step} of {sync}");
            await RoundAsync(lake, ++round);

            var next = new Faults { Dies = true };
            lake = await lake.AgainAsync(s => s.AddSingleton<ICaptureSteps>(next));
            faults = next;
            if (LongTests.Are)
            {
                await CheckAsync(lake, $"{step} of {sync ?? "the source"}");
            }
        }

        await using var last = lake;
        await RoundAsync(lake, ++round);
        await CheckAsync(lake, $"{deaths.Count} deaths");
    }

    [Theory]
    [InlineData(CaptureStep.LoadCommitted, false)]
    [InlineData(CaptureStep.LoadRefined, false)]
    [InlineData(CaptureStep.LoadCommitted, true)]
    [InlineData(CaptureStep.LoadRefined, true)]
    internal async Task A_load_that_breaks_between_its_steps_is_finished(CaptureStep step, bool dies)
    {
        var faults = new Faults { Dies = dies };
        var lake = await StartAsync(faults, "upd", "keys", "nokey", "trunc");
        using var stop = new CancellationTokenSource();
        var writing = lake.WriteAsync(
            """
            UPDATE upd SET v = v || 'x' WHERE id = 1 + (random() * 20)::int; UPDATE keys SET id = id + 100000 WHERE id = (SELECT min(id) FROM keys); INSERT INTO nokey VALUES (1, 'a');
            INSERT INTO trunc VALUES ((random() * 1e9)::int, 'w', NULL) ON CONFLICT DO NOTHING; SELECT pg_sleep(0.003)
            """, stop.Token);
        var syncs = new[] { "src_upd", "src_keys", "src_nokey", "src_trunc" };
        faults.Arm(step, syncs);
        foreach (var sync in syncs)
        {
            await lake.BootstrapAsync(sync);
        }

        await lake.UntilAsync(() => Task.FromResult(dies ? faults.IsDead : faults.Left.Count == 0), $"faults at {step}");
        await lake.ExecuteAsync("TRUNCATE trunc");
        if (dies)
        {
            lake = await lake.AgainAsync();
        }

        await using var last = lake;
        await Task.WhenAll(syncs.Select(s => lake.StreamingAsync(s)));
        await stop.CancelAsync();
        await writing;
        await CheckAsync(lake, step.ToString(), "upd", "keys", "nokey", "trunc");
    }

    /// <summary>What such a load read is not the table any more, and no log says so.</summary>
    [Theory]
    [InlineData(CaptureStep.LoadCommitted)]
    [InlineData(CaptureStep.LoadRefined)]
    internal async Task A_load_that_broke_before_the_table_was_rewritten_is_not_taken_up(CaptureStep step)
    {
        var faults = new Faults { Dies = true };
        var lake = await StartAsync(faults, "upd", "nokey");
        faults.Arm(step, "src_upd");
        await lake.BootstrapAsync("src_upd");
        await lake.UntilAsync(() => Task.FromResult(faults.IsDead), $"dead at {step}");
        await lake.ExecuteAsync("ALTER TABLE upd ALTER v TYPE text USING v || ' rewritten'; UPDATE upd SET big = NULL WHERE id = 5");

        await using var again = await lake.AgainAsync();
        await again.StreamingAsync("src_upd");
        await again.EqualAsync("upd");
    }

    [Fact]
    public async Task A_column_that_is_renamed_again_while_its_rename_is_half_done_keeps_its_values()
    {
        var faults = new Faults { Dies = true };
        var lake = await StartAsync(faults, "renamed");
        var sql = Changes.Single(c => c.Table == "renamed").Sql;
        faults.Arm(CaptureStep.RawRenamed, "src_renamed");
        await lake.ExecuteAsync(string.Format(CultureInfo.InvariantCulture, sql, 1, 0));
        await lake.UntilAsync(() => Task.FromResult(faults.IsDead), "dead when raw was renamed");
        await lake.ExecuteAsync(string.Format(CultureInfo.InvariantCulture, sql, 2, 1));

        var second = new Faults { Dies = true };
        second.Arm(CaptureStep.RawCommitted, "src_renamed");
        lake = await lake.AgainAsync(s => s.AddSingleton<ICaptureSteps>(second));
        await lake.UntilAsync(() => Task.FromResult(second.IsDead), "dead when raw was committed");

        await using var last = await lake.AgainAsync();
        await last.ExecuteAsync(string.Format(CultureInfo.InvariantCulture, sql, 3, 2));
        await CheckAsync(last, "after two deaths", "renamed");
        Assert.True(TableIdentifier.TryParse("refined.src_renamed", out var refined));
        Assert.Equal(["id", "v3"], (await last.Lake.Catalog.LoadAsync(refined, CancellationToken.None)).Schema.Fields.Select(f => f.Name));
    }

    private async Task<CaptureLake> StartAsync(Faults faults, params string[] only)
    {
        var tables = Changes.Select(c => c.Table).Where(t => only.Length == 0 || only.Contains(t)).ToList();
        var lake = await CaptureLake.StartAsync(server, configure: s => s.AddSingleton<ICaptureSteps>(faults));
        foreach (var table in tables.Where(t => t is not ("nokey" or "renamed")))
        {
            await lake.ExecuteAsync($"CREATE TABLE {table} (id int PRIMARY KEY, v text, big text); ALTER TABLE {table} ALTER big SET STORAGE EXTERNAL; INSERT INTO {table} SELECT i, 'v', repeat(chr(64 + i % 60), 3000) FROM generate_series(1, {(table == "del" ? 200 : 25)}) i");
        }

        if (tables.Contains("renamed"))
        {
            await lake.ExecuteAsync("CREATE TABLE renamed (id int PRIMARY KEY, v0 text); INSERT INTO renamed SELECT i, 'old' FROM generate_series(1, 5) i");
        }

        await lake.ExecuteAsync("CREATE TABLE nokey (a int, b text); ALTER TABLE nokey REPLICA IDENTITY FULL; INSERT INTO nokey SELECT i % 3, NULL FROM generate_series(1, 12) i");
        await lake.Lake.SyncAsync("\"public.*\"", "mode: bootstrap+cdc");
        await Task.WhenAll(tables.Select(t => lake.StreamingAsync($"src_{t}")));
        await lake.CaughtUpAsync();
        await lake.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{Oracle}_{lake.Lake.Database[..20]}', 'test_decoding')");
        return lake;
    }

    private static async Task RoundAsync(CaptureLake lake, int round)
    {
        foreach (var (_, sql) in Changes)
        {
            await lake.ExecuteAsync(string.Format(CultureInfo.InvariantCulture, sql, round, round - 1));
        }
    }

    private async Task CheckAsync(CaptureLake lake, string when, params string[] only)
    {
        var tables = Changes.Select(c => c.Table).Where(t => only.Length == 0 || only.Contains(t)).ToList();
        foreach (var table in tables)
        {
            await lake.StreamingAsync($"src_{table}");
            await lake.EqualAsync(table);
        }

        await lake.CaughtUpAsync();
        foreach (var table in tables)
        {
            Assert.Equal((when, table, await ExpectedAsync(lake, table)), (when, table, await CapturedAsync(lake, table)));
        }

        output.WriteLine($"{when}: {tables.Count} tables equal");
    }

    /// <summary>What the server's own test decoder shows, as the lake counts it: under another key a row is another row, and without one every changed row is.</summary>
    private static async Task<string> ExpectedAsync(CaptureLake lake, string table)
    {
        var lines = await lake.AskSourceAsync($"SELECT data FROM pg_logical_slot_peek_changes('{Oracle}_{lake.Lake.Database[..20]}', NULL, NULL) WHERE data ~ '^table public\\.{table}: ' OR data ~ '^table .*public\\.{table}[:,].*TRUNCATE'");
        int Count(string what) => lines.Count(l => l.Contains(what, StringComparison.Ordinal));
        var moved = Count(": UPDATE: old-key:");
        return $"c {Count(": INSERT:") + moved}, d {Count(": DELETE:") + moved}, t {Count(": TRUNCATE:")}, u {Count(": UPDATE:") - moved}";
    }

    private static async Task<string> CapturedAsync(CaptureLake lake, string table)
    {
        Assert.Equal(["0"], await lake.Lake.QueryAsync($"SELECT count(*) FROM (SELECT _position FROM raw.src_{table} WHERE _load_type = 'CDC' GROUP BY 1 HAVING count(*) > 1)"));
        var counts = (await lake.Lake.QueryAsync($"SELECT _op, count(*) FROM raw.src_{table} WHERE _load_type = 'CDC' GROUP BY 1")).Select(r => r.Split('|')).ToDictionary(r => r[0], r => r[1]);
        return string.Join(", ", new[] { "c", "d", "t", "u" }.Select(o => $"{o} {counts.GetValueOrDefault(o, "0")}"));
    }
}
