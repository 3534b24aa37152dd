using Bunit;
using LakePortal.Governance.Contracts.Audit;
using LakePortal.Kernel.Runs;
using LakePortal.Portal.Hosting.Health;
using LakePortal.Portal.Pages.Governance;
using LakePortal.Portal.Pages.Home;
using LakePortal.Portal.Pages.Operate;
using LakePortal.Portal.Pages.Runs;
using LakePortal.Portal.Pages.Sql;
using LakePortal.Portal.Pages.Syncs;
using LakePortal.Portal.Pages.Tables;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Contracts.Tables;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Pages;

public sealed class ListPageTests : PageTest
{
    [Fact]
    public void Tables_are_filtered_and_sorted_by_the_address()
    {
        var shown = Open<TablesPage>(PortalUrls.TableList("refined", "shop", sort: "-rows"));
        Assert.Equal(["refined.shop_order_items", "refined.shop_orders", "refined.shop_users"], shown.FindAll("tbody .name").Select(a => a.TextContent));
        Assert.Contains("3 of 10 tables", shown.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Filters_of_the_tables_work_on_what_was_read_once()
    {
        var shown = Open<TablesPage>(PortalUrls.Tables);
        Services.GetRequiredService<NavigationManager>().NavigateTo(PortalUrls.TableList("curated"));
        shown.WaitForAssertion(() => Assert.Contains("2 of 10 tables", shown.Markup, StringComparison.Ordinal));
        Assert.Single(Sender.Requests<ListTables>());
    }

    [Fact]
    public void A_catalog_of_thousands_of_tables_renders_what_is_opened()
    {
        Sender.On<GetCompletions>(_ => (IReadOnlyList<CompletionTable>)[.. Enumerable.Range(1, 2000).Select(i => new CompletionTable($"raw.t{i}", [new("id", "BIGINT")]))]);
        var shown = Open<SqlPage>(PortalUrls.SqlPage);
        Assert.Empty(shown.FindAll(".tree .table"));
        shown.Find(".tree summary").Click();
        Assert.Equal(200, shown.FindAll(".tree .table").Count);
        Assert.Empty(shown.FindAll(".tree .column"));
        shown.FindAll(".tree .table summary")[0].Click();
        Assert.Equal("idBIGINT", shown.Find(".tree .column").TextContent);
        shown.Find(".tree input").Input("t1999");
        Assert.Equal("t1999", shown.Find(".tree .table summary").TextContent);
    }

    [Fact]
    public void Choosing_a_filter_goes_into_the_address()
    {
        var shown = Open<SyncsPage>(PortalUrls.Syncs);
        shown.FindAll("select")[1].Change("failed");
        Assert.EndsWith("/syncs?state=failed", Address, StringComparison.Ordinal);
        shown.WaitForAssertion(() => Assert.Equal("shop_payments", Assert.Single(shown.FindAll("tbody .name")).TextContent));
    }

    [Fact]
    public void What_is_typed_goes_into_the_address_a_moment_after_the_last_key()
    {
        var shown = Open<SyncsPage>(PortalUrls.Syncs);
        shown.Find("input[type=search]").Input("ord");
        shown.Find("input[type=search]").Input("order_items");
        Assert.EndsWith("/syncs", Address, StringComparison.Ordinal);
        Time.Advance(TimeSpan.FromMilliseconds(250));
        shown.WaitForAssertion(() => Assert.EndsWith("/syncs?q=order_items", Address, StringComparison.Ordinal));
    }

    [Fact]
    public void Runs_ask_only_for_what_the_address_names()
    {
        Open<RunsPage>(PortalUrls.RunList("sync", "failed", "shop_payments", "24h"));
        var filter = Sender.Requests<ListRuns>().Last().Filter;
        Assert.Equal(("sync", RunState.Failed, "shop_payments", Now.AddHours(-24)), (filter.Kind, filter.State, filter.Name, filter.Since));
    }

    [Theory]
    [InlineData(null, AuditKind.Changes)]
    [InlineData("reads", AuditKind.Reads)]
    [InlineData("sign-ins", AuditKind.SignIns)]
    [InlineData("denied", AuditKind.Denied)]
    [InlineData("all", null)]
    public void The_address_says_which_audit_entries_are_shown_and_changes_are_the_default(string? kind, AuditKind? expected)
    {
        var shown = Open<AuditPage>(PortalUrls.AuditList(kind: kind));
        shown.WaitForState(() => shown.FindAll(".chips .chip").Count > 0);
        Assert.Equal(expected, Sender.Requests<ListAudit>().Last().Filter.Kind);
        Assert.Single(shown.FindAll(".chips .chip[aria-current=true]"));
    }

    [Fact]
    public void System_says_what_is_ill_and_cancels_the_query_of_somebody()
    {
        Health.Parts = [new("disk", false, "90 MB free, at least 500 MB needed")];
        var shown = Open<SystemPage>(PortalUrls.System);
        shown.WaitForAssertion(() => Assert.Contains("90 MB free, at least 500 MB needed", shown.Markup, StringComparison.Ordinal));
        shown.Find("button[aria-label='Cancel the query of bo']").Click();
        shown.WaitForAssertion(() => Assert.Equal("q7", Sender.Requests<CancelQuery>().Last().QueryId));
    }

    [Fact]
    public void The_audit_is_asked_for_one_row_more_than_a_page_to_know_whether_there_are_older_ones()
    {
        Sender.On<ListAudit>(r => (IReadOnlyList<AuditEntry>)[.. Enumerable.Range(0, r.Filter.Limit).Select(i => new AuditEntry(5000 - i, Now, "ada", "api", "RunSync", "sync/x", "ok", null))]);
        var shown = Open<AuditPage>(PortalUrls.AuditList("ada", outcome: "ok"));
        Assert.Equal(101, Sender.Requests<ListAudit>().Last().Filter.Limit);
        shown.FindAll("button").Single(b => b.TextContent == "Older").Click();
        Assert.EndsWith("/audit?user=ada&outcome=ok&before=4901", Address, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_of_the_overview_lead_to_the_filtered_lists()
    {
        var shown = Open<OverviewPage>(PortalUrls.Overview);
        var links = shown.FindAll(".tile a").Select(a => a.GetAttribute("href")).ToList();
        Assert.Contains("/syncs?state=failed", links);
        Assert.Contains("/sources?state=unreachable", links);
        Assert.Contains("268,400 of about 412,000 rows", shown.Markup, StringComparison.Ordinal);
        Assert.Contains("changed its type", shown.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Snapshots_offer_time_travel()
    {
        var shown = Open<TablePage>(PortalUrls.Table("refined", "shop_orders", "snapshots"));
        var links = shown.FindAll("td a").Select(a => Uri.UnescapeDataString(a.GetAttribute("href")!)).ToList();
        Assert.Contains(links, l => l.Contains("AT (VERSION => 5212334411890012345)", StringComparison.Ordinal));
    }
}
