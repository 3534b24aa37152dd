using System.Diagnostics;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using LakePortal.Cli.Processes;

namespace LakePortal.Cli.Testing;

internal readonly record struct TestCounts(int Passed, int Failed, int Skipped)
{
    public static TestCounts operator +(TestCounts a, TestCounts b) => new(a.Passed + b.Passed, a.Failed + b.Failed, a.Skipped + b.Skipped);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Passed} passed, {Failed} failed, {Skipped} skipped");
}

internal sealed record TestNote(string Name, string Message);

internal sealed record TestRun(TestCounts Counts, IReadOnlyList<TestNote> Failures, IReadOnlyList<TestNote> Skipped, TimeSpan Elapsed);

/// <summary>Runs the tests of one assembly and reads the results from its TRX file.</summary>
internal static class TestAssembly
{
    /// <summary>A single test that takes longer is taken to hang: the test host is ended and the run counts as failed.</summary>
    private const string HangLimit = "8m";

    public static async Task<TestRun> RunAsync(string assembly, string resultsFolder, string? filter, CancellationToken cancellationToken)
    {
        var name = Path.GetFileNameWithoutExtension(assembly);
        if (!File.Exists(assembly))
        {
            return Crashed(new TestRun(default, [], [], TimeSpan.Zero), name, $"{assembly} is not built; ./lake test builds what is missing.");
        }

        var start = new ProcessStartInfo(PortalProcess.DotnetPath()) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["test", assembly, "--logger", $"trx;LogFileName={name}.trx", "--results-directory", resultsFolder,
            "--blame-hang-timeout", HangLimit, "--blame-hang-dump-type", "none"])
        {
            start.ArgumentList.Add(argument);
        }

        if (filter is not null)
        {
            start.ArgumentList.Add("--filter");
            start.ArgumentList.Add(filter);
        }

        var started = TimeProvider.System.GetTimestamp();
        using var process = Process.Start(start)!;
        await using var registration = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        var text = await output + await error;
        await File.WriteAllTextAsync(Path.Combine(resultsFolder, name + ".log"), text, cancellationToken);
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        return Judge(process.ExitCode, Path.Combine(resultsFolder, name + ".trx"), name, text, elapsed);
    }

    /// <summary>The results of a test host that has ended, however it did: one that did not get to its end is a failure by itself.</summary>
    public static TestRun Judge(int exitCode, string trx, string name, string text, TimeSpan elapsed)
    {
        var nothing = new TestRun(default, [], [], elapsed);
        if (!File.Exists(trx))
        {
            return exitCode == 0 && text.Contains("No test matches", StringComparison.Ordinal) ? nothing : Crashed(nothing, name, text);
        }

        TestRun run;
        try
        {
            run = Read(XDocument.Load(trx), elapsed);
        }
        catch (XmlException e)
        {
            return Crashed(nothing, name, $"{text}\n{trx} is not whole: {e.Message}");
        }

        // A test host that crashed writes what it had; the crash itself must count.
        return exitCode == 0 || run.Counts.Failed > 0 && !text.Contains("Test Run Aborted", StringComparison.Ordinal) ? run : Crashed(run, name, text);
    }

    public static TestRun Read(XDocument trx, TimeSpan elapsed)
    {
        XNamespace ns = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";
        int passed = 0, failed = 0;
        var failures = new List<TestNote>();
        var skipped = new List<TestNote>();
        foreach (var result in trx.Descendants(ns + "UnitTestResult"))
        {
            var test = (string?)result.Attribute("testName") ?? "?";
            var error = result.Element(ns + "Output")?.Element(ns + "ErrorInfo");
            var message = (string?)error?.Element(ns + "Message") ?? (string?)result.Element(ns + "Output")?.Element(ns + "StdOut") ?? "";
            switch ((string?)result.Attribute("outcome"))
            {
                case "Passed":
                    passed++;
                    break;
                case "NotExecuted":
                    skipped.Add(new TestNote(test, message));
                    break;
                default:
                    failed++;
                    failures.Add(new TestNote(test, $"{message}\n{(string?)error?.Element(ns + "StackTrace")}"));
                    break;
            }
        }

        return new TestRun(new TestCounts(passed, failed, skipped.Count), failures, skipped, elapsed);
    }

    private static TestRun Crashed(TestRun run, string name, string text)
    {
        var tail = string.Join('\n', text.TrimEnd().Split('\n').TakeLast(15));
        return run with
        {
            Counts = run.Counts with { Failed = run.Counts.Failed + 1 },
            Failures = [.. run.Failures, new TestNote($"{name} (test host)", $"The test host ended early:\n{tail}")],
        };
    }
}
