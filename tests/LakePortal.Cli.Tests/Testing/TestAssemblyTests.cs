using System.Xml.Linq;
using LakePortal.Cli.Testing;

namespace LakePortal.Cli.Tests.Testing;

public sealed class TestAssemblyTests
{
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
}
