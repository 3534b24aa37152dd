using AngleSharp.Dom;
using Bunit;
using LakePortal.Governance.Contracts.Identity;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using LakePortal.Portal.Pages.Governance;
using LakePortal.Portal.Pages.Runs;
using LakePortal.Portal.Pages.Syncs;
using LakePortal.Portal.Pages.Tables;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Serving.Contracts.Tables;

namespace LakePortal.Portal.Tests.Pages;

public sealed class ActionTests : PageTest
{
    [Fact]
    public void Running_a_sync_sends_the_request()
    {
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_users"));
        Button(shown, "Run now").Click();
        shown.WaitForAssertion(() => Assert.Equal(new RunSync("shop_users"), Sender.Requests<RunSync>().Single()));
    }

    [Fact]
    public void Without_the_permission_an_action_stays_in_sight_and_says_what_it_needs()
    {
        Sender.Caller = FakeSender.Of([.. Permissions.All.Where(p => p != Permissions.SyncsRun)]);
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_users"));
        var button = Button(shown, "Run now");
        Assert.Equal("Needs the permission syncs.run", button.GetAttribute("title"));
        Assert.Throws<MissingEventHandlerException>(() => button.Click());
    }

    [Fact]
    public void What_is_lost_for_good_needs_its_name_typed()
    {
        var shown = Open<TablePage>(PortalUrls.Table("refined", "shop_orders"));
        Button(shown, "Drop").Click();
        Dialogs.WaitForAssertion(() => Assert.Contains("412,331 rows and 2 snapshots", Dialogs.Markup, StringComparison.Ordinal));
        Assert.True(Button(Dialogs, "Drop the table").HasAttribute("disabled"));
        Dialogs.Find("#confirm-name").Input("refined.shop_order");
        Assert.True(Button(Dialogs, "Drop the table").HasAttribute("disabled"));
        Dialogs.Find("#confirm-name").Input("refined.shop_orders");
        Button(Dialogs, "Drop the table").Click();
        shown.WaitForAssertion(() => Assert.Equal(new DropTable("refined", "shop_orders"), Sender.Requests<DropTable>().Single()));
        shown.WaitForAssertion(() => Assert.EndsWith(PortalUrls.Tables, Address, StringComparison.Ordinal));
    }

    [Fact]
    public void Maintenance_says_first_what_it_would_do()
    {
        Sender.On<CompactTable>(r => r.DryRun
            ? new TableCompactionResult(1313, 204, 2, 412331, 9_400_000, null, 0, 40, null, DryRun: true)
            : new TableCompactionResult(1310, 204, 2, 412331, 9_400_000, 5_000_000, 3, 40, "77", DryRun: false));
        var shown = Open<TablePage>(PortalUrls.Table("refined", "shop_orders", "health"));
        Button(shown, "Compact").Click();
        Dialogs.WaitForAssertion(() => Assert.Contains("1,313 data files and 204 delete files", Dialogs.Markup, StringComparison.Ordinal));
        Assert.Equal([new CompactTable("refined", "shop_orders", DryRun: true)], Sender.Requests<CompactTable>());
        Button(Dialogs, "Compact").Click();
        shown.WaitForAssertion(() => Assert.Equal(new CompactTable("refined", "shop_orders"), Sender.Requests<CompactTable>().Last()));
    }

    [Fact]
    public void An_action_that_fails_is_told_on_the_page()
    {
        Sender.On<DeleteObject>(_ => throw new ConflictException("The sync is running.", "Cancel the run first."));
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_users"));
        Button(shown, "Delete").Click();
        Dialogs.WaitForAssertion(() => Dialogs.Find("#confirm-name"));
        Dialogs.Find("#confirm-name").Input("shop_users");
        Button(Dialogs, "Delete the sync").Click();
        shown.WaitForAssertion(() => Assert.Contains("Cancel the run first.", shown.Find(".notice.tone-bad").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void A_rerun_from_a_task_names_first_what_it_will_run()
    {
        var shown = Open<RunPage>(PortalUrls.Run(SampleLake.PipelineRun));
        shown.FindAll("button").Where(b => b.TextContent.Contains("Re-run from here", StringComparison.Ordinal)).ElementAt(1).Click();
        Dialogs.WaitForAssertion(() => Assert.Contains("Runs 3 of 5 tasks: orders, daily_sales, customer_value.", Dialogs.Markup, StringComparison.Ordinal));
        Button(Dialogs, "Run again").Click();
        shown.WaitForAssertion(() =>
        {
            var sent = Sender.Requests<RunPipeline>().Single();
            Assert.Equal(("orders", SampleLake.PipelineRun), (sent.FromTask, sent.OfRun));
        });
    }

    [Fact]
    public void A_one_time_password_is_shown_once()
    {
        var shown = Open<UsersPage>(PortalUrls.User("grace"));
        Sender.On<ResetPassword>(_ => new OneTimePassword("grace", "plum-harbor-41-quiet"));
        Button(shown, "New one-time password").Click();
        Dialogs.WaitForAssertion(() => Button(Dialogs, "Make a new password"));
        Button(Dialogs, "Make a new password").Click();
        shown.WaitForAssertion(() => Assert.Equal("plum-harbor-41-quiet", shown.Find("[data-secret]").TextContent));
        Button(shown, "Done").Click();
        Assert.DoesNotContain("plum-harbor-41-quiet", shown.Markup, StringComparison.Ordinal);
    }

    private static IElement Button<T>(IRenderedComponent<T> shown, string text)
        where T : Microsoft.AspNetCore.Components.IComponent =>
        shown.FindAll("button").First(b => b.TextContent.Trim().StartsWith(text, StringComparison.Ordinal));
}
