using LakePortal.Ingestion.Capture.Landing;
using LakePortal.Ingestion.Tests.Capture;
using LakePortal.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Ingestion.Tests.MySql;

/// <summary>A process that dies at each of the steps, on what the source's log says in each of its ways; the next one goes on: raw has each change once, refined is the source.</summary>
[Collection(MySqlProof.Name)]
public sealed class MySqlKillTests(MariaDbServer server)
{
    private const string Before = "CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(20)); INSERT INTO t SELECT seq, seq, CONCAT('v', seq) FROM seq_1_to_50; CREATE TABLE n (a int, b varchar(20)); INSERT INTO n VALUES (1, 'x'), (1, 'x'), (2, 'y')";

    public static TheoryData<string> Steps => [.. Enum.GetValues<CaptureStep>().Select(s => s.ToString())];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Raw_has_each_change_once_and_refined_is_the_source_after_a_death_at(string name)
    {
        var step = Enum.Parse<CaptureStep>(name);
        foreach (var (change, changes) in new (string Sql, int Changes)[]
        {
            ("INSERT INTO t VALUES (100, 1, 'i'), (101, 2, 'j'); INSERT INTO n VALUES (3, 'i')", 2),
            ("UPDATE t SET b = 'u' WHERE id <= 10; UPDATE t SET id = 200 WHERE id = 20; UPDATE n SET b = 'u' WHERE a = 2", 12),
            ("DELETE FROM t WHERE id BETWEEN 30 AND 40; DELETE FROM n WHERE a = 1 LIMIT 1", 11),
            ("INSERT INTO t VALUES (102, 3, 'k'); TRUNCATE TABLE t; INSERT INTO t VALUES (103, 4, 'l'); INSERT INTO n VALUES (4, 'l')", 3),
            ("INSERT INTO t VALUES (104, 5, 'm'); ALTER TABLE t CHANGE a aa bigint, DROP COLUMN b, ADD COLUMN c int FIRST; INSERT INTO t VALUES (7, 105, 6); UPDATE t SET c = 8 WHERE id = 1; INSERT INTO n VALUES (5, 'm')", 3),
        })
        {
            await DieAsync(step, change, changes);
        }
    }

    private async Task DieAsync(CaptureStep step, string change, int changes)
    {
        var faults = new Faults();
        var lake = await MySqlLake.CaptureAsync(server, configure: s => s.AddSingleton<ICaptureSteps>(faults));
        await lake.ExecuteAsync(Before);
        if (step is CaptureStep.LoadCommitted or CaptureStep.LoadRefined)
        {
            faults.Dies = true;
            faults.Arm(step, "src_t");
        }

        await lake.SyncAsync($"\"{lake.Database}.*\"", "mode: bootstrap+cdc");
        if (!faults.Dies)
        {
            await lake.StreamingAsync("src_t");
            await lake.StreamingAsync("src_n");
            faults.Dies = true;
            faults.Arm(step, "src_t", null);
        }

        await lake.ExecuteAsync(change);
        if (step != CaptureStep.RawRenamed || change.Contains("CHANGE", StringComparison.Ordinal))
        {
            await lake.UntilAsync(() => Task.FromResult(faults.IsDead), $"the process dies at {step}");
        }

        lake = await lake.AgainAsync();
        await lake.StreamingAsync("src_t");
        await lake.StreamingAsync("src_n");
        await lake.EqualSoonAsync("t");
        await lake.EqualSoonAsync("n");
        Assert.Equal("0", await lake.Lake.ScalarAsync("SELECT count(*) FROM (SELECT _position FROM raw.src_t WHERE _load_type = 'CDC' GROUP BY 1 HAVING count(*) > 1)"));
        if (step is not (CaptureStep.LoadCommitted or CaptureStep.LoadRefined))
        {
            // A key that changes is two changes.
            Assert.Equal(changes.ToString(System.Globalization.CultureInfo.InvariantCulture), await lake.Lake.ScalarAsync("SELECT count(*)::VARCHAR FROM raw.src_t WHERE _load_type = 'CDC'"));
        }

        await lake.ExecuteAsync("INSERT INTO t (id) VALUES (999); INSERT INTO n VALUES (9, 'later')");
        await lake.EqualSoonAsync("t");
        await lake.EqualSoonAsync("n");
        await lake.DisposeAsync();
    }
}
