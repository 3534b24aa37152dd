using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LakePortal.Cli;

namespace LakePortal.Benchmarks.Merging;

/// <summary>
/// 1,000 changes of random keys (800 updates, 100 deletes, 100 new rows) merged into a big table, against the same into a table of a million rows. The first merge of a table, which
/// makes its index, is told apart; the medians of the others count. Both are also measured without an index, by reading the keys.
/// </summary>
internal static class MergeScenario
{
    private const long SmallRows = 1_000_000;

    public static async Task<BenchResult> RunAsync(long rows, bool textKey, int rounds, string? folder, Action<string> say, CancellationToken cancellationToken)
    {
        var root = folder is null ? Directory.CreateTempSubdirectory("lakeportal-bench-") : Directory.CreateDirectory(Path.Combine(Path.GetFullPath(folder), Guid.NewGuid().ToString("n")));
        try
        {
            var lake = new MergeLake(root.FullName, textKey);
            var watch = Stopwatch.StartNew();
            await lake.LoadAsync("small", SmallRows, cancellationToken);
            await lake.LoadAsync("big", rows, cancellationToken);
            say(string.Create(CultureInfo.InvariantCulture, $"loaded {SmallRows:N0} and {rows:N0} rows in {watch.Elapsed.TotalSeconds:0.0} s"));

            var (scanSmall, scanBig) = (new MergeTimes(), new MergeTimes());
            for (var round = 1; round <= rounds; round++)
            {
                await lake.MergeAsync("small", byIndex: false, scanSmall, cancellationToken);
                await lake.MergeAsync("big", byIndex: false, scanBig, cancellationToken);
            }

            say($"reading keys   small {scanSmall}\n               big   {scanBig}");
            var (firstSmall, firstBig) = (new MergeTimes(), new MergeTimes());
            await lake.MergeAsync("small", byIndex: true, firstSmall, cancellationToken);
            await lake.MergeAsync("big", byIndex: true, firstBig, cancellationToken);
            say(string.Create(CultureInfo.InvariantCulture, $"first merges, which make the index: {firstSmall.Total / 1000:0.00} s and {firstBig.Total / 1000:0.00} s, {lake.IndexBytes("big") / 1e6:0} MB for the big table"));

            var (small, big) = (new MergeTimes(), new MergeTimes());
            var cpu = Process.GetCurrentProcess().TotalProcessorTime;
            for (var round = 1; round <= rounds; round++)
            {
                await lake.MergeAsync("small", byIndex: true, small, cancellationToken);
                await lake.MergeAsync("big", byIndex: true, big, cancellationToken);
            }

            cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
            say($"by index       small {small}\n               big   {big}");
            foreach (var (name, expected) in new[] { ("small", SmallRows), ("big", rows) })
            {
                var count = await lake.CountAsync(name, cancellationToken);
                if (count != expected)
                {
                    throw new StepFailedException(string.Create(CultureInfo.InvariantCulture, $"The table {name} has {count:N0} rows instead of {expected:N0}."), "The measurement is worth nothing.");
                }
            }

            return new BenchResult(
                "merge",
                new JsonObject { ["milliseconds"] = Math.Round(big.Median, 1), ["rows"] = rows, ["key"] = textKey ? "text" : "bigint", ["reading_keys_milliseconds"] = Math.Round(scanBig.Median, 1) },
                new JsonObject { ["milliseconds"] = Math.Round(small.Median, 1), ["rows"] = SmallRows, ["reading_keys_milliseconds"] = Math.Round(scanSmall.Median, 1) },
                big.Median / small.Median, "times the small table's time", ProcessMeter.PeakMegabytes(Environment.ProcessId), cpu.TotalSeconds);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
