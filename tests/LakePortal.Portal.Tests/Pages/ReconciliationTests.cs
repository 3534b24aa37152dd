using AngleSharp.Dom;
using Bunit;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Runs;
using LakePortal.Portal.Pages.Reconciliations;
using LakePortal.Portal.Pages.Runs;
using LakePortal.Portal.Pages.Syncs;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Pages;

public sealed class ReconciliationTests : PageTest
{
    private readonly SampleCapture _sample = new(Now);

    [Fact]
    public void Tables_that_differ_come_first_and_never_compared_ones_last()
    {
        var shown = Open<ReconciliationsPage>(PortalUrls.Reconciliations);
        Assert.Equal(["shop_orders", "shop_payments", "shop_users", "shop_order_items", "shop_devices", "warehouse_stock"], shown.FindAll("tbody .name").Select(a => a.TextContent));
        var orders = shown.FindAll("tbody tr")[0];

        // 412,331 rows of the source and one extra: 7 of 412,332 differ.
        Assert.Equal("99.9983 %", orders.QuerySelectorAll("td")[2].TextContent);
        Assert.Equal(3, orders.QuerySelectorAll(".trend a").Length);
        Assert.Equal(["=", "≠", "≠"], orders.QuerySelectorAll(".trend a").Select(a => a.TextContent));
        Assert.Contains("different since 1 h ago", orders.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sample_is_called_a_sample()
    {
        var shown = Open<ReconciliationsPage>(PortalUrls.ReconciliationList("order_items"));
        Assert.Equal("sample", Assert.Single(shown.FindAll("tbody .chip")).TextContent);
    }

    [Fact]
    public void All_comparisons_are_paged_by_the_address()
    {
        Sender.On<ListReconciliations>(r => (IReadOnlyList<ReconciliationInfo>)[.. Enumerable.Range(0, r.Limit).Select(i => _sample.Reconciliations[1] with { Id = $"r{i:000}" })]);
        var shown = Open<ReconciliationsPage>(PortalUrls.ReconciliationList("shop_orders", view: "runs"));
        Assert.Equal(new ListReconciliations("shop_orders", 51, null), Sender.Requests<ListReconciliations>().Single());
        Assert.Equal(50, shown.FindAll("tbody tr").Count);
        shown.FindAll("button").Single(b => b.TextContent == "Older").Click();
        shown.WaitForAssertion(() => Assert.Equal("r049", Sender.Requests<ListReconciliations>().Last().Before));
    }

    [Fact]
    public void A_comparison_without_a_verdict_claims_no_counts()
    {
        var shown = Open<ReconciliationsPage>(PortalUrls.ReconciliationList(view: "runs"));
        var failed = shown.FindAll("tbody tr").Single(r => r.TextContent.Contains("shop_payments", StringComparison.Ordinal));
        Assert.Equal(["–", "–", "–", "–", "–", "–"], failed.QuerySelectorAll("td").Skip(2).Take(6).Select(d => d.TextContent.Trim()));
    }

    [Fact]
    public void A_lake_without_syncs_says_what_comes_first()
    {
        Sender.On<ListSyncs>(_ => Array.Empty<SyncSummary>()).On<ListReconciliations>(_ => Array.Empty<ReconciliationInfo>());
        var shown = Open<ReconciliationsPage>(PortalUrls.Reconciliations);
        Assert.Contains("Nothing to compare yet", shown.Find(".state-panel").TextContent, StringComparison.Ordinal);
        Assert.Equal(PortalUrls.AddSource, shown.Find(".state-panel a").GetAttribute("href"));
    }

    [Fact]
    public void A_comparison_with_repair_of_a_sample_is_started_from_the_dialog_and_watched()
    {
        var shown = Open<ReconciliationsPage>(PortalUrls.ReconciliationList("shop_orders"));
        shown.FindAll("tbody button").First(b => b.TextContent == "Compare…").Click();
        Dialogs.WaitForAssertion(() => Dialogs.Find("#reconcile-repair"));
        Dialogs.FindAll("input[type=radio]")[1].Change(true);
        Dialogs.Find("input[type=number]").Input("5000");
        Dialogs.Find("#reconcile-repair").Change(true);
        Assert.Contains("The source is only read", Dialogs.Markup, StringComparison.Ordinal);
        Dialogs.FindAll("button").Single(b => b.TextContent == "Compare and repair").Click();
        shown.WaitForAssertion(() => Assert.Equal(new StartReconciliation("shop_orders", Repair: true, Sample: 5000), Sender.Requests<StartReconciliation>().Single()));
        shown.WaitForAssertion(() => Assert.EndsWith(PortalUrls.Reconciliation(SampleCapture.Comparing), Address, StringComparison.Ordinal));
    }

    [Fact]
    public void The_verdict_shows_both_positions_counts_notes_and_where_it_differs()
    {
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Different));
        Assert.Equal(["2", "1", "4"], shown.FindAll("a.tile .value").Select(v => v.TextContent.Trim()));
        Assert.Contains("Column 'tsv' (tsvector) is not compared", shown.Markup, StringComparison.Ordinal);
        Assert.Equal(120, shown.FindAll(".heat .cell").Count);
        Assert.Equal(3, shown.FindAll(".heat .cell").Count(c => c.TextContent == "≠"));
        Assert.Equal(["17", "63", "90"], shown.FindAll("tbody tr").Select(r => r.QuerySelector("td")!.TextContent));
        Assert.Equal(["−2", "+1", "0"], shown.FindAll("tbody tr").Select(r => r.QuerySelectorAll("td")[5].TextContent));
    }

    [Fact]
    public void A_range_is_chosen_by_the_address()
    {
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Different, range: 17));
        Assert.Equal("true", shown.FindAll(".heat .cell")[16].GetAttribute("aria-current"));
        Assert.Equal("17", Assert.Single(shown.FindAll("tbody tr")).QuerySelector("td")!.TextContent);
    }

    [Fact]
    public void Differing_rows_stand_side_by_side_with_the_changed_cells_marked()
    {
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Different, "differences", row: 4));
        Assert.Equal(["status", "amount"], shown.FindAll("tr.differs th").Select(t => t.TextContent.Split(' ')[0]));
        Assert.Equal([["SHIPPED", "PAID"], ["120.00", "12.00"]], shown.FindAll("tr.differs").Select(r => r.QuerySelectorAll("td").Select(d => d.TextContent).ToArray()));
        Assert.Equal(6, shown.FindAll("table.diff tbody tr").Count);
        shown.Find("aside input[type=checkbox]").Change(true);
        shown.WaitForAssertion(() => Assert.Equal(2, shown.FindAll("table.diff tbody tr").Count));
        Assert.Contains("columns=changed", Address, StringComparison.Ordinal);
        Assert.Single(Sender.Requests<ListDifferences>());
    }

    [Fact]
    public void A_row_of_one_side_only_shows_that_the_other_has_none()
    {
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Different, "differences", row: 3));
        Assert.All(shown.FindAll("table.diff tbody tr"), r => Assert.Equal("no row", r.QuerySelectorAll("td")[0].TextContent));
    }

    [Fact]
    public void Null_and_an_empty_text_do_not_look_alike()
    {
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Different, "differences"));
        var line = shown.FindAll("tbody tr").Single(r => r.TextContent.Contains("309242", StringComparison.Ordinal)).QuerySelector(".diff-line")!;
        Assert.Equal("note: null → ''", line.TextContent);
    }

    [Fact]
    public void Values_that_a_policy_hides_are_said_to_be_hidden()
    {
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Different, "differences", row: 6));
        Assert.Contains("A policy of the table keeps its rows from you", shown.Find("aside").TextContent, StringComparison.Ordinal);
        Assert.Empty(shown.FindAll("table.diff"));
    }

    [Fact]
    public void A_repair_says_what_it_will_write_before_it_does()
    {
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Different));
        Button(shown, "Repair…").Click();
        Dialogs.WaitForAssertion(() => Assert.Contains("2 rows missing now would come, 1 row would go, 4 rows would be replaced", Dialogs.Markup, StringComparison.Ordinal));
        Assert.Contains("1 row has a value that the lake", Dialogs.Markup, StringComparison.Ordinal);
        Button(Dialogs, "Repair").Click();
        shown.WaitForAssertion(() => Assert.Equal(new StartReconciliation("shop_orders", Repair: true), Sender.Requests<StartReconciliation>().Single()));
    }

    [Fact]
    public void While_it_runs_there_are_moving_numbers_and_it_can_be_cancelled()
    {
        Sender.On<GetRun>(_ => new RunInfo(SampleCapture.Comparing, "reconcile", "shop_users", RunState.Running, "manual", "ada", null, Now, Now, null, new RunProgress("comparing", 20_000, 50_000, true, 0, 8_000), null, null));
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Comparing));
        Assert.Contains("20,000 of about 50,000 rows", shown.Find(".progress").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain(shown.FindAll("button"), b => b.TextContent.Contains("Repair", StringComparison.Ordinal));
        Button(shown, "Cancel").Click();
        Dialogs.WaitForAssertion(() => Button(Dialogs, "Cancel the comparison"));
        Button(Dialogs, "Cancel the comparison").Click();
        shown.WaitForAssertion(() => Assert.Equal(new CancelReconciliation(SampleCapture.Comparing), Sender.Requests<CancelReconciliation>().Single()));
    }

    [Fact]
    public void One_that_failed_says_why()
    {
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Broken));
        Assert.Contains("Check its address.", shown.Find(".notice.tone-bad").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_permission_to_run_a_repair_names_it()
    {
        Sender.Caller = FakeSender.Of([.. Permissions.All.Where(p => p != Permissions.SyncsRun)]);
        var shown = Open<ReconciliationPage>(PortalUrls.Reconciliation(SampleCapture.Different));
        Assert.Equal("Needs the permission syncs.run", Button(shown, "Repair…").GetAttribute("title"));
    }

    [Fact]
    public void The_comparisons_of_a_sync_are_on_its_page()
    {
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_orders", "reconciliations"));
        Assert.Equal(3, shown.FindAll("tbody tr").Count);
        Assert.Equal("shop_orders", Sender.Requests<ListReconciliations>().Single().Sync);
    }

    [Fact]
    public void The_run_of_a_comparison_leads_to_its_verdict_and_is_repeated_as_a_comparison()
    {
        Sender.On<GetRun>(_ => new RunInfo(SampleCapture.Different, "reconcile", "shop_orders", RunState.Succeeded, "manual", "ada", null, Now, Now, Now, null, null, null));
        var shown = Open<RunPage>(PortalUrls.Run(SampleCapture.Different));
        Assert.Contains(shown.FindAll("a"), a => a.GetAttribute("href") == PortalUrls.Reconciliation(SampleCapture.Different));
        Button(shown, "Run again").Click();
        shown.WaitForAssertion(() => Assert.Equal(new StartReconciliation("shop_orders"), Sender.Requests<StartReconciliation>().Single()));
        Assert.Empty(Sender.Requests<RunSync>());
    }

    private static IElement Button<T>(IRenderedComponent<T> shown, string text)
        where T : IComponent => shown.FindAll("button").First(b => b.TextContent.Trim() == text);
}

public sealed class MatchTests
{
    private static readonly ReconciliationInfo Sample = new SampleCapture(DateTimeOffset.UnixEpoch).Reconciliations[1];

    [Fact]
    public void One_row_of_billions_is_not_a_hundred_percent() =>
        Assert.Equal("99.9999 %", Match.Text(Sample with { RowsSource = 5_000_000_000, Missing = 1, Extra = 0, Changed = 0 }));

    [Fact]
    public void One_equal_row_of_many_is_not_zero_percent() =>
        Assert.Equal("0.0001 %", Match.Text(Sample with { RowsSource = 10_000_000, Missing = 9_999_999, Extra = 0, Changed = 0 }));

    [Fact]
    public void Two_empty_sides_are_equal() => Assert.Equal("100 %", Match.Text(Sample with { RowsSource = 0, Missing = 0, Extra = 0, Changed = 0, Verdict = "equal" }));

    [Fact]
    public void Rows_that_only_the_lake_has_count_as_well() =>
        Assert.Equal("50 %", Match.Text(Sample with { RowsSource = 10, Missing = 0, Extra = 10, Changed = 0 }));

    [Fact]
    public void Before_there_is_a_verdict_nothing_is_claimed() => Assert.Equal("–", Match.Text(Sample with { Verdict = null }));
}

public sealed class HeatMapTests
{
    private static ReconciliationRange Range(int number, long source, long lake, bool different) => new(number, $"{number}", $"{number + 1}", source, lake, different ? "different" : "equal", "0/1");

    [Fact]
    public void Many_ranges_share_cells_and_no_difference_gets_lost()
    {
        var cells = HeatMap.Of([.. Enumerable.Range(1, 10_000).Select(i => Range(i, 100, i == 7_777 ? 99 : 100, i == 7_777))], 480);
        Assert.InRange(cells.Count, 1, 480);
        Assert.Equal(10_000, cells.Sum(c => c.Ranges));
        Assert.Equal(1_000_000, cells.Sum(c => c.RowsSource));
        Assert.True(Assert.Single(cells, c => c.Heat > 0).Holds(7_777));
    }

    [Theory]
    [InlineData(100, 100, false, 0)]
    [InlineData(100, 100, true, 1)]
    [InlineData(100, 99, true, 2)]
    [InlineData(100, 90, true, 3)]
    [InlineData(100, 0, true, 4)]
    [InlineData(0, 100, true, 4)]
    public void The_heat_tells_how_many_rows_one_side_lacks(long source, long lake, bool different, int heat) =>
        Assert.Equal(heat, Assert.Single(HeatMap.Of([Range(1, source, lake, different)])).Heat);

    [Fact]
    public void No_ranges_are_no_map() => Assert.Empty(HeatMap.Of([]));
}
