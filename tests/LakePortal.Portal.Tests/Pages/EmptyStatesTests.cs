using Bunit;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Governance.Contracts.Secrets;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Runs;
using LakePortal.Portal.Pages.Dashboards;
using LakePortal.Portal.Pages.Governance;
using LakePortal.Portal.Pages.Home;
using LakePortal.Portal.Pages.Pipelines;
using LakePortal.Portal.Pages.Runs;
using LakePortal.Portal.Pages.Sources;
using LakePortal.Portal.Pages.Sql;
using LakePortal.Portal.Pages.Tables;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Serving.Contracts.Dashboards;
using LakePortal.Serving.Contracts.Queries;
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
    public void Where_nothing_has_run_the_next_step_is_to_start_something()
    {
        Sender.On<ListRuns>(_ => Array.Empty<RunInfo>());
        var links = Open<RunsPage>(PortalUrls.Runs).FindAll(".state-panel a").Select(a => a.GetAttribute("href"));
        Assert.Equal([PortalUrls.Syncs, PortalUrls.Pipelines], links);
    }

    [Fact]
    public void Without_pipelines_or_dashboards_a_first_one_can_be_copied_and_the_command_that_applies_it()
    {
        Sender.On<ListDashboards>(_ => Array.Empty<DashboardSummary>());
        Assert.Equal(["Copy the YAML of a first pipeline", "Copy ./lake apply pipeline.yaml"], CopyButtons(Open<PipelinesPage>(PortalUrls.Pipelines)));
        Assert.Equal(["Copy the YAML of a first dashboard", "Copy ./lake apply dashboard.yaml"], CopyButtons(Open<DashboardsPage>(PortalUrls.Dashboards)));
    }

    [Fact]
    public void The_first_secret_is_set_from_the_empty_page()
    {
        Sender.On<ListSecrets>(_ => Array.Empty<SecretInfo>());
        Open<SecretsPage>(PortalUrls.Secrets).Find(".state-panel button").Click();
        Dialogs.WaitForAssertion(() => Assert.NotEmpty(Dialogs.FindAll("input")));
    }

    [Fact]
    public void An_empty_list_of_saved_queries_offers_to_save_the_statement()
    {
        Sender.On<ListSavedQueries>(_ => Array.Empty<SavedQuery>());
        var shown = Open<SqlPage>(PortalUrls.Sql("SELECT 1"));
        shown.FindAll("button").First(b => b.TextContent.Contains("Saved", StringComparison.Ordinal)).Click();
        shown.WaitForAssertion(() => Assert.Contains("Save this statement", shown.Find(".state-panel button").TextContent, StringComparison.Ordinal));
    }

    private static IEnumerable<string?> CopyButtons<T>(IRenderedComponent<T> shown)
        where T : Microsoft.AspNetCore.Components.IComponent => shown.FindAll(".state-panel button").Select(b => b.GetAttribute("title"));

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
