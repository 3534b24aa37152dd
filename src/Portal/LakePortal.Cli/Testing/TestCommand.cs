using System.CommandLine;
using System.Globalization;
using LakePortal.Cli.Client;

namespace LakePortal.Cli.Testing;

/// <summary>Runs every test project that the launcher built, one after the other, and adds their results up.</summary>
internal static class TestCommand
{
    public static Command Build()
    {
        var fast = new Option<bool>("--fast") { Description = "Leave out the tests that need servers or a browser" };
        var interop = new Option<bool>("--interop") { Description = "Only: read tables of ours with ClickHouse (installs chdb, 543 MB, when absent)" };
        var filter = new Option<string?>("--filter") { Description = "Only tests of which the full name contains this", HelpName = "TEXT" };
        var command = new Command("test", "Run all tests, real servers and browser included") { fast, interop, filter };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(fast), parsed.GetValue(interop), parsed.GetValue(filter), parsed.InvocationConfiguration.Output, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(bool fast, bool interop, string? filter, TextWriter output, CancellationToken cancellationToken)
    {
        var home = ServerAddress.Home();
        var results = Path.Combine(home, ".lake", "test-results");
        if (Directory.Exists(results))
        {
            Directory.Delete(results, recursive: true);
        }

        Directory.CreateDirectory(results);
        if (interop)
        {
            await ChdbPackage.EnsureAsync(home, output, cancellationToken);
        }

        var total = default(TestCounts);
        foreach (var assembly in Assemblies(home, interop))
        {
            TestRun run;
            try
            {
                run = await TestAssembly.RunAsync(assembly, results, Filter(fast, interop, filter), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                output.WriteLine($"FAILED {Path.GetFileNameWithoutExtension(assembly)}: interrupted");
                output.WriteLine((total + new TestCounts(0, 1, 0)).ToString());
                throw;
            }

            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(assembly)}: {run.Counts} in {run.Elapsed.TotalSeconds:0.0} s"));
            foreach (var failure in run.Failures)
            {
                output.WriteLine($"FAILED {failure.Name}\n{Indent(failure.Message)}");
            }

            foreach (var skipped in run.Skipped)
            {
                output.WriteLine($"skipped {skipped.Name}: {skipped.Message.Trim()}");
            }

            total += run.Counts;
        }

        output.WriteLine(total.ToString());
        return total.Failed > 0 || total.Passed == 0 ? ExitCode.Failed : ExitCode.Done;
    }

    private static IEnumerable<string> Assemblies(string home, bool interop)
    {
        foreach (var project in Directory.EnumerateFiles(Path.Combine(home, "tests"), "*.Tests.csproj", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(project);
            if (interop && name != "LakePortal.EndToEnd.Tests")
            {
                continue;
            }

            var assembly = Path.Combine(Path.GetDirectoryName(project)!, "bin", "Release", "net10.0", name + ".dll");
            yield return assembly;
        }
    }

    private static string? Filter(bool fast, bool interop, string? text)
    {
        var parts = new List<string> { interop ? "Category=Interop" : "Category!=Interop" };
        if (fast)
        {
            parts.Add("Category!=Server");
            parts.Add("Category!=Browser");
        }

        if (text is not null)
        {
            parts.Add($"FullyQualifiedName~{text}");
        }

        return string.Join('&', parts);
    }

    private static string Indent(string text) => "    " + text.Trim().Replace("\n", "\n    ", StringComparison.Ordinal);
}
