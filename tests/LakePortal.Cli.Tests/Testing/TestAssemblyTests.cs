using System.Xml.Linq;
using LakePortal.Cli.Testing;

namespace LakePortal.Cli.Tests.Testing;

public sealed class TestAssemblyTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lakeportal-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Results_are_counted_from_the_trx_file()
    {
        var run = TestAssembly.Read(XDocument.Parse(
            """
            <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
              <UnitTestResult testName="a" outcome="Passed" />
              <UnitTestResult testName="b" outcome="Failed"><Output><ErrorInfo><Message>1 is not 2</Message><StackTrace>at b</StackTrace></ErrorInfo></Output></UnitTestResult>
              <UnitTestResult testName="c" outcome="NotExecuted"><Output><ErrorInfo><Message>no browser</Message></ErrorInfo></Output></UnitTestResult>
              <UnitTestResult testName="d" outcome="Timeout" />
            </Results></TestRun>
            """), TimeSpan.Zero);
        Assert.Equal("1 passed, 2 failed, 1 skipped", run.Counts.ToString());
        Assert.Contains("1 is not 2", run.Failures[0].Message, StringComparison.Ordinal);
        Assert.Equal("no browser", run.Skipped.Single().Message);
    }

    private const string OnePassed =
        """<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results><UnitTestResult testName="a" outcome="Passed" /></Results></TestRun>""";

    private const string OneFailed =
        """<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results><UnitTestResult testName="a" outcome="Failed" /></Results></TestRun>""";

    [Theory]
    [InlineData(0, OnePassed, "", "1 passed, 0 failed, 0 skipped")]
    [InlineData(0, null, "No test matches the given testcase filter", "0 passed, 0 failed, 0 skipped")]
    [InlineData(1, OnePassed, "The active test run was aborted. Reason: Test host process crashed\nTest Run Aborted.", "1 passed, 1 failed, 0 skipped")]
    [InlineData(1, OneFailed, "Test Run Failed.", "0 passed, 1 failed, 0 skipped")]
    [InlineData(1, OneFailed, "Test Run Aborted.", "0 passed, 2 failed, 0 skipped")]
    [InlineData(137, "<TestRun xmlns=\"http://micro", "", "0 passed, 1 failed, 0 skipped")]
    [InlineData(137, null, "", "0 passed, 1 failed, 0 skipped")]
    public void A_test_host_that_dies_before_its_summary_counts_as_a_failure_with_its_name(int exitCode, string? trx, string text, string expected)
    {
        var file = Path.Combine(_folder.FullName, "Some.Tests.trx");
        if (trx is not null)
        {
            File.WriteAllText(file, trx);
        }

        var run = TestAssembly.Judge(exitCode, file, "Some.Tests", text, TimeSpan.Zero);
        Assert.Equal(expected, run.Counts.ToString());
        if (run.Counts.Failed > (trx == OneFailed ? 1 : 0))
        {
            Assert.Contains(run.Failures, f => f.Name == "Some.Tests (test host)");
        }
    }

    [Fact]
    public async Task A_test_project_that_is_not_built_is_a_failure_and_the_others_still_run()
    {
        var run = await TestAssembly.RunAsync(Path.Combine(_folder.FullName, "Absent.Tests.dll"), _folder.FullName, null, CancellationToken.None);
        Assert.Equal("0 passed, 1 failed, 0 skipped", run.Counts.ToString());
        Assert.Equal("Absent.Tests (test host)", Assert.Single(run.Failures).Name);
    }
}
