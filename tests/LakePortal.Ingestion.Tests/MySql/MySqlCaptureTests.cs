using LakePortal.Ingestion.Capture.State;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion.Tests.MySql;

/// <summary>Tables that follow the binary log of a real MariaDB, compared with what the server's own functions print.</summary>
[Collection(MariaDbTests.Name)]
public sealed class MySqlCaptureTests(MariaDbServer server)
{
    [Fact]
    public async Task Changes_of_every_kind_arrive_and_nothing_comes_twice_after_a_restart()
    {
        var lake = await MySqlLake.CaptureAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v varchar(100)); CREATE TABLE n (v int); INSERT INTO t SELECT seq, CONCAT('v', seq) FROM seq_1_to_1000; INSERT INTO n VALUES (1), (1), (2)");
        await lake.SyncAsync($"\"{lake.Database}.*\"", "mode: bootstrap+cdc");
        await lake.StreamingAsync("src_t");
        await lake.StreamingAsync("src_n");

        await lake.ExecuteAsync("UPDATE t SET v = 'new' WHERE id <= 10; DELETE FROM t WHERE id BETWEEN 20 AND 30; INSERT INTO t VALUES (5000, NULL), (5001, '日本 🍣'); UPDATE t SET id = 6000 WHERE id = 40; INSERT INTO n VALUES (2), (NULL); DELETE FROM n WHERE v = 1 LIMIT 1; START TRANSACTION; INSERT INTO t VALUES (7000, 'never'); ROLLBACK");
        await lake.EqualSoonAsync("t");
        await lake.EqualSoonAsync("n");
        await lake.ExecuteAsync("TRUNCATE TABLE n; INSERT INTO n VALUES (9)");
        await lake.EqualSoonAsync("n");
        var before = await lake.Lake.ScalarAsync("SELECT count(*)::VARCHAR FROM raw.src_t");
        lake = await lake.AgainAsync();
        await lake.ExecuteAsync("INSERT INTO t VALUES (8000, 'later')");
        await lake.EqualSoonAsync("t");

        Assert.Equal((int.Parse(before, System.Globalization.CultureInfo.InvariantCulture) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture), await lake.Lake.ScalarAsync("SELECT count(*)::VARCHAR FROM raw.src_t"));
        Assert.Equal(["c|5001|日本 🍣", "c|6000|v40", "d|40|v40"], await lake.Lake.QueryAsync("SELECT _op, id, v FROM raw.src_t WHERE _load_type = 'CDC' AND (id IN (5001, 6000, 40)) ORDER BY 1, 2"));
        await lake.DisposeAsync();
    }

    [Theory]
    [InlineData("OFF")]
    [InlineData("ON")]
    public async Task Logged_values_are_those_that_a_load_reads(string compressed)
    {
        await using var lake = await MySqlLake.CaptureAsync(server);
        await lake.ExecuteAsync($"SET GLOBAL log_bin_compress = {compressed}, GLOBAL binlog_row_metadata = '{(compressed == "ON" ? "FULL" : "NO_LOG")}'");
        await lake.ExecuteAsync("""
            CREATE TABLE t (id int PRIMARY KEY, ti tinyint, tu tinyint unsigned, s smallint unsigned, m mediumint, mz mediumint unsigned zerofill, i int, iu int unsigned, b bigint, bu bigint unsigned, d decimal(38,10), d65 decimal(65,30), d3 decimal(3,3), y year,
              b1 bit(1), b9 bit(9), b64 bit(64), c char(5), cl char(200), vc varchar(50), vl varchar(500), l1 varchar(50) CHARACTER SET latin1, u2 varchar(20) CHARACTER SET ucs2, ru varchar(20) CHARACTER SET cp1251, u16 text CHARACTER SET utf16, u32 varchar(9) CHARACTER SET utf32, x text, e enum('a','b''c','ö','back\\slash'), st set('x','y','z'), j json,
              bi binary(5), vb varbinary(10), bl longblob, da date, dt datetime, dt3 datetime(3), dt6 datetime(6), ts timestamp NULL, ts1 timestamp(1) NULL, tm time, tm5 time(5), g geometry, p point, dbl double, fl float, uid uuid, i6 inet6, i4 inet4, l2 enum('ä','ß') CHARACTER SET latin1,
              va int AS (i + 1) VIRTUAL, sa bigint AS (i * 2) STORED) CHARACTER SET utf8mb4
            """);
        await lake.SyncAsync($"\"{lake.Database}.t\"", "name: t\nmode: bootstrap+cdc");
        await lake.StreamingAsync("t");

        await lake.ExecuteAsync("""
            INSERT INTO t (id, ti, tu, s, m, mz, i, iu, b, bu, d, d65, d3, y, b1, b9, b64, c, cl, vc, vl, l1, u2, ru, u16, u32, x, e, st, j, bi, vb, bl, da, dt, dt3, dt6, ts, ts1, tm, tm5, g, p, dbl, fl, uid, i6, i4, l2) VALUES (1, -128, 255, 65535, -8388608, 42, -1147483648, 4294967295, -9223372036854775808, 18446744073709551615, 1234567890123456789012345678.0123456789, -12345678901234567890123456789012345.123456789012345678901234567890, -0.999,
              2155, 1, 511, 18446744073709551615, 'ab  ', REPEAT('ü', 200), '日本語 🍣', REPEAT('ö', 500), 'Ärger € ', '日本', 'Привет', '🍣日', '🍣b', REPEAT('ö', 300), 'back\\slash', 'x,z', '{"a": [1, 2.50, null], "ü": "x"}',
              x'0102000000', x'00ff', REPEAT(x'00ff', 40000), '0001-01-01', '1000-01-01 23:59:59', '9999-12-31 23:59:59.999', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07', '1970-01-01 00:00:01.9', '23:59:59', '01:02:03.00004',
              ST_GeomFromText('LINESTRING(0 0, 1 2)'), ST_GeomFromText('POINT(1 2)'), 0.1, 0.1, '00112233-4455-6677-8899-aabbccdde000', 'fe80:0:0:1::', '10.0.0.0', 'ß');
            INSERT INTO t (id) VALUES (2);
            INSERT INTO t (id, ti, m, bu, d, d65, d3, vc, bi, da, dt, dt6, ts, tm, y, b64, st, c, dbl, fl, uid, i6, i4, e) VALUES (3, 0, -1, 0, -0.0000000001, 0, 0.001, '', x'', '2024-02-29', '1000-01-01 00:00:00', '1969-12-31 23:59:59.000001', '1970-01-01 00:00:01', '00:00:00', 0, 0, '', '', -1.25, -3.4e10, '018e5f4e-1c2d-7abc-8def-012345678920', '::ffff:1.2.3.4', '255.255.255.255', 'ö')
            """);
        await lake.ExecuteAsync("UPDATE t SET s = 7, x = 'changed', tm = '00:00:01' WHERE id = 1; UPDATE t SET vl = REPEAT('z', 400), dt3 = '2001-02-03 04:05:06.789' WHERE id = 2");
        await lake.EqualSoonAsync("t", "refined.t");

        // The same rows as a load reads them.
        var followed = await lake.LakeRowsAsync("refined.t");
        await lake.Lake.Lake.SendAsync(new Contracts.Capture.BootstrapSync("t"));
        await lake.UntilAsync(async () => await lake.Lake.ScalarAsync("SELECT count(*)::VARCHAR FROM raw.t WHERE _load_type = 'BATCH'") != "0", "the table is loaded again");
        await lake.StreamingAsync("t");
        Assert.Equal(followed, await lake.LakeRowsAsync("refined.t"));
    }

    [Fact]
    public async Task Log_that_the_server_removed_is_noticed_and_its_tables_are_loaded_again()
    {
        var lake = await MySqlLake.CaptureAsync(server);
        await lake.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1)");
        await lake.SyncAsync($"\"{lake.Database}.t\"", "name: t\nmode: bootstrap+cdc");
        await lake.StreamingAsync("t");
        var stopped = await lake.StopAsync();
        await lake.ExecuteAsync("INSERT INTO t VALUES (2, 2); FLUSH BINARY LOGS; DELETE FROM t WHERE id = 1");
        var newest = (await lake.AskAsync("SHOW MASTER STATUS")).Single();
        // What a session reads that has not ended yet is not removed.
        for (var i = 0; i < 100 && (await lake.AskAsync("SHOW BINARY LOGS")).Count > 1; i++)
        {
            await lake.ExecuteAsync($"PURGE BINARY LOGS TO '{newest}'");
            await Task.Delay(50);
        }

        lake = await lake.AgainAsync(stopped);
        await lake.EqualSoonAsync("t", "refined.t");

        Assert.Contains(await lake.EventsAsync(), e => e.StartsWith("gap:", StringComparison.Ordinal) && e.Contains("PURGE BINARY LOGS", StringComparison.Ordinal));
        await lake.DisposeAsync();
    }
}
