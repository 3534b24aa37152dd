using Bunit;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Errors;
using LakePortal.Portal.Pages.Pipelines;
using LakePortal.Portal.Pages.Runs;
using LakePortal.Portal.Pages.Syncs;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;
using LakePortal.Processing.Contracts.Pipelines;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Pages;

/// <summary>Several rows at once: how many are chosen is said, and one that fails does not keep the others from it.</summary>
public sealed class SelectionTests : PageTest
{
    [Fact]
    public void Chosen_syncs_are_started_and_the_one_that_fails_is_named()
    {
        Sender.On<RunSync>(r => r.Name == "shop_users" ? throw new ObjectNotFoundException("sync", r.Name) : SampleLake.RunningRun);
        var shown = Open<SyncsPage>(PortalUrls.Syncs);
        Assert.Empty(shown.FindAll(".selection"));
        shown.Find("input[aria-label='Choose shop_orders']").Change(true);
        shown.Find("input[aria-label='Choose shop_users']").Change(true);
        Assert.Equal("2 syncs chosen", shown.Find(".selection strong").TextContent);
        shown.FindAll(".selection button").First(b => b.TextContent.Contains("Run now", StringComparison.Ordinal)).Click();
        shown.WaitForAssertion(() => Assert.Contains("1 of 2 started. Not: shop_users.", shown.Markup, StringComparison.Ordinal));
        Assert.Equal(["shop_orders", "shop_users"], Sender.Requests<RunSync>().Select(r => r.Name));
    }

    [Fact]
    public void What_a_filter_hides_is_not_chosen_any_more()
    {
        var shown = Open<SyncsPage>(PortalUrls.Syncs);
        shown.Find("input[aria-label='Choose all shown']").Change(true);
        Assert.Equal("6 syncs chosen", shown.Find(".selection strong").TextContent);
        Services.GetRequiredService<NavigationManager>().NavigateTo(PortalUrls.SyncList(state: "failed"));
        shown.WaitForAssertion(() => Assert.Equal("1 sync chosen", shown.Find(".selection strong").TextContent));
    }

    [Fact]
    public void Pipelines_are_paused_together()
    {
        var shown = Open<PipelinesPage>(PortalUrls.Pipelines);
        shown.Find("input[aria-label='Choose all shown']").Change(true);
        shown.FindAll(".selection button").First(b => b.TextContent.Contains("Pause", StringComparison.Ordinal)).Click();
        shown.WaitForAssertion(() => Assert.Equal(["sales_daily", "user_features"], Sender.Requests<SetPipelinePaused>().Select(r => r.Name)));
        Assert.All(Sender.Requests<SetPipelinePaused>(), r => Assert.True(r.Paused));
    }

    [Fact]
    public void Several_runs_of_one_object_start_it_once_and_only_live_runs_are_cancelled()
    {
        var shown = Open<RunsPage>(PortalUrls.Runs);
        shown.Find("input[aria-label='Choose all shown']").Change(true);
        shown.FindAll(".selection button").First(b => b.TextContent.Contains("Run again", StringComparison.Ordinal)).Click();
        shown.WaitForAssertion(() => Assert.Equal(["sales_daily"], Sender.Requests<RunPipeline>().Select(r => r.Name)));
        Assert.Equal(Sender.Requests<RunSync>().Select(r => r.Name).Distinct(), Sender.Requests<RunSync>().Select(r => r.Name));
        shown.FindAll(".selection button").First(b => b.TextContent.Contains("Cancel 1", StringComparison.Ordinal)).Click();
        Dialogs.WaitForAssertion(() => Assert.Contains("Cancel them", Dialogs.Markup, StringComparison.Ordinal));
        Dialogs.FindAll("button").First(b => b.TextContent.Contains("Cancel them", StringComparison.Ordinal)).Click();
        shown.WaitForAssertion(() => Assert.Equal(SampleLake.RunningRun, Assert.Single(Sender.Requests<CancelSyncRun>()).RunId));
    }
}
