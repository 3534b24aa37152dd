using Bunit;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Messaging;
using LakePortal.Portal.Pages.Home;
using LakePortal.Portal.Pages.Sources;
using LakePortal.Portal.Pages.Tables;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Serving.Contracts.Tables;

namespace LakePortal.Portal.Tests.Pages;

public sealed class EmptyStatesTests : PageTest
{
    public EmptyStatesTests() => Sender
        .On<ListSources>(_ => Array.Empty<SourceSummary>()).On<ListSyncs>(_ => Array.Empty<SyncSummary>())
        .On<ListPipelines>(_ => Array.Empty<PipelineSummary>()).On<ListTables>(_ => Array.Empty<TableSummary>());

    [Theory]
    [InlineData(typeof(OverviewPage), PortalUrls.Overview, "The lake is empty")]
    [InlineData(typeof(SourcesPage), PortalUrls.Sources, "No sources yet")]
    [InlineData(typeof(TablesPage), PortalUrls.Tables, "No tables yet")]
    public void An_empty_page_says_why_and_offers_the_next_step(Type page, string url, string words)
    {
        var shown = Open(page, url);
        Assert.Contains(words, shown.Markup, StringComparison.Ordinal);
        Assert.Contains(shown.FindAll(".state-panel a"), a => a.GetAttribute("href") == PortalUrls.AddSource);
    }

    [Fact]
    public void The_next_step_is_shown_but_locked_without_its_permission()
    {
        Sender.Caller = FakeSender.Of([.. Permissions.All.Where(p => p != Permissions.SourcesWrite)]);
        var shown = Open<SourcesPage>(PortalUrls.Sources);
        var button = shown.Find(".state-panel button");
        Assert.Equal("true", button.GetAttribute("aria-disabled"));
        Assert.Equal("Needs the permission sources.write", button.GetAttribute("title"));
    }

    [Fact]
    public void A_filter_that_finds_nothing_is_not_an_empty_lake()
    {
        Sender.On<ListTables>(_ => SampleTables());
        var shown = Open<TablesPage>(PortalUrls.TableList(search: "nothing-is-called-this"));
        Assert.Contains("No table matches", shown.Markup, StringComparison.Ordinal);
    }

    private static IReadOnlyList<TableSummary> SampleTables() => new SampleLake(Now).Tables;
}
