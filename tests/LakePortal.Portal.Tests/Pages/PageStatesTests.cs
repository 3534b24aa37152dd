using Bunit;
using LakePortal.Governance.Contracts.Audit;
using LakePortal.Governance.Contracts.Identity;
using LakePortal.Governance.Contracts.Secrets;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Messaging;
using LakePortal.Kernel.Runs;
using LakePortal.Portal.Pages.Dashboards;
using LakePortal.Portal.Pages.Governance;
using LakePortal.Portal.Pages.Pipelines;
using LakePortal.Portal.Pages.Reconciliations;
using LakePortal.Portal.Pages.Runs;
using LakePortal.Portal.Pages.Sources;
using LakePortal.Portal.Pages.Sql;
using LakePortal.Portal.Pages.Syncs;
using LakePortal.Portal.Pages.Tables;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;
using LakePortal.Processing.Contracts.Pipelines;
using LakePortal.Serving.Contracts.Dashboards;
using LakePortal.Serving.Contracts.Queries;
using LakePortal.Serving.Contracts.Tables;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Pages;

/// <summary>The states that every page has: loading, failed with a way on, forbidden, full; and that it is live and lets go.</summary>
public sealed class PageStatesTests : PageTest
{
    /// <summary>Page, address, the request it stands on, the permission of that, words of the full page, a topic it listens to.</summary>
    public static TheoryData<Type, string, Type, string, string, string> Pages => new()
    {
        { typeof(SourcesPage), PortalUrls.Sources, typeof(ListSources), Permissions.SourcesRead, "did not answer within 5 s", "sources" },
        { typeof(SourcePage), PortalUrls.Source("shop"), typeof(GetSource), Permissions.SourcesRead, "shop_payments", "sources" },
        { typeof(SyncsPage), PortalUrls.Syncs, typeof(ListSyncs), Permissions.SyncsRead, "268,400 rows", "syncs" },
        { typeof(SyncPage), PortalUrls.Sync("shop_orders"), typeof(GetSyncStatus), Permissions.SyncsRead, "0/3A41C2F8", "sync/shop_orders" },
        { typeof(SyncPage), PortalUrls.Sync("shop_events"), typeof(GetSyncStatus), Permissions.SyncsRead, "0/3A41B110", "sync/shop_events" },
        { typeof(ReconciliationsPage), PortalUrls.Reconciliations, typeof(ListReconciliations), Permissions.SyncsRead, "different since", "reconciliations" },
        { typeof(ReconciliationPage), PortalUrls.Reconciliation(SampleCapture.Different), typeof(GetReconciliation), Permissions.SyncsRead, "7 rows of 412,332 differ.", "reconciliations" },
        { typeof(PipelinesPage), PortalUrls.Pipelines, typeof(ListPipelines), Permissions.PipelinesRead, "sales_daily", "pipelines" },
        { typeof(PipelinePage), PortalUrls.Pipeline("sales_daily"), typeof(GetPipeline), Permissions.PipelinesRead, "customer_value", "runs" },
        { typeof(RunsPage), PortalUrls.Runs, typeof(ListRuns), Permissions.SystemRead, "shop_payments", "runs" },
        { typeof(RunPage), PortalUrls.Run(SampleLake.PipelineRun), typeof(GetRun), Permissions.SystemRead, "refined.orders", "run/" + SampleLake.PipelineRun },
        { typeof(TablesPage), PortalUrls.Tables, typeof(ListTables), Permissions.TablesRead, "1,804,220", "tables" },
        { typeof(TablePage), PortalUrls.Table("refined", "shop_orders"), typeof(GetTable), Permissions.TablesRead, "decimal(12,2)", "table/refined.shop_orders" },
        { typeof(SqlPage), PortalUrls.SqlPage, typeof(GetCompletions), Permissions.QueriesRun, "Nothing run yet", "tables" },
        { typeof(DashboardsPage), PortalUrls.Dashboards, typeof(ListDashboards), Permissions.DashboardsRead, "Revenue, orders and their states", "dashboards" },
        { typeof(DashboardPage), PortalUrls.Dashboard("sales"), typeof(GetDashboard), Permissions.DashboardsRead, "Best categories", "tables" },
        { typeof(UsersPage), PortalUrls.Users, typeof(ListUsers), Permissions.UsersRead, "one-time password", "users" },
        { typeof(TokensPage), PortalUrls.Tokens, typeof(ListTokens), Permissions.ProfileOwn, "nightly export", "users" },
        { typeof(SecretsPage), PortalUrls.Secrets, typeof(ListSecrets), Permissions.SecretsWrite, "shop-password", "" },
        { typeof(AuditPage), PortalUrls.Audit, typeof(ListAudit), Permissions.AuditRead, "sync/shop_orders", "" },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public void While_nothing_has_come_yet_a_skeleton_is_shown(Type page, string url, Type request, string permission, string words, string topic)
    {
        _ = (permission, topic);
        Sender.OnAsync(request, (_, _) => new TaskCompletionSource<object?>().Task);
        var shown = Open(page, url);
        Assert.NotNull(shown.Find("[role=status][aria-label=Loading]"));
        Assert.DoesNotContain(words, shown.Markup, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_failure_shows_message_hint_and_code_and_can_be_tried_again(Type page, string url, Type request, string permission, string words, string topic)
    {
        _ = (permission, topic);
        var answer = AnswerOf(request);
        var broken = true;
        Sender.OnAsync(request, (asked, token) => broken ? throw new Unreachable() : answer(asked, token));
        var shown = Open(page, url);
        Assert.Contains("The control database does not answer.", shown.Markup, StringComparison.Ordinal);
        Assert.Contains("Look at the disk.", shown.Markup, StringComparison.Ordinal);
        Assert.Contains("test.unreachable", shown.Markup, StringComparison.Ordinal);
        broken = false;
        shown.FindAll("button").Single(b => b.TextContent.Contains("Try again", StringComparison.Ordinal)).Click();
        shown.WaitForAssertion(() => Assert.Contains(words, shown.Markup, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Without_the_permission_the_page_names_it(Type page, string url, Type request, string permission, string words, string topic)
    {
        _ = (request, topic);
        Sender.Caller = FakeSender.Of([.. Permissions.All.Where(p => p != permission)]);
        var shown = Open(page, url);
        Assert.Contains("You may not see this", shown.Markup, StringComparison.Ordinal);
        Assert.Contains(permission, shown.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain(words, shown.Markup, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task The_full_page_reads_again_when_the_feed_says_so_and_lets_go_when_it_is_left(
        Type page, string url, Type request, string permission, string words, string topic)
    {
        _ = permission;
        var asked = 0;
        var answer = AnswerOf(request);
        Sender.OnAsync(request, (r, token) =>
        {
            asked++;
            return answer(r, token);
        });
        var shown = Open(page, url);
        shown.WaitForAssertion(() => Assert.Contains(words, shown.Markup, StringComparison.Ordinal));
        if (topic.Length > 0)
        {
            var before = asked;
            Feed.Publish(topic);
            shown.WaitForAssertion(() => Assert.True(asked > before));
        }

        await DisposeComponentsAsync();
        Assert.Equal(0, Feed.Subscriptions);
    }

    [Fact]
    public void Without_an_object_of_the_name_the_page_says_so()
    {
        var shown = Open<TablePage>(PortalUrls.Table("refined", "absent"));
        Assert.Contains("There is no table named 'refined.absent'.", shown.Find(".state-panel h2").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refresh_that_fails_keeps_what_was_read_before()
    {
        var shown = Open<SyncsPage>(PortalUrls.Syncs);
        Sender.OnAsync(typeof(ListSyncs), (_, _) => throw new Unreachable());
        Feed.Publish("syncs");
        shown.WaitForAssertion(() => Assert.Contains("could not be refreshed", shown.Markup, StringComparison.Ordinal));
        Assert.Contains("shop_orders", shown.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void A_held_page_reads_nothing_until_it_is_resumed()
    {
        var session = Services.GetRequiredService<LakePortal.Portal.Parts.Frame.PortalSession>();
        var shown = Open<SyncsPage>(PortalUrls.Syncs);
        var before = Sender.Requests<ListSyncs>().Count();
        session.TogglePause();
        Feed.Publish("syncs");
        Assert.Equal(before, Sender.Requests<ListSyncs>().Count());
        session.TogglePause();
        shown.WaitForAssertion(() => Assert.Equal(before + 1, Sender.Requests<ListSyncs>().Count()));
    }

    private static Func<object, CancellationToken, Task<object?>> AnswerOf(Type request)
    {
        var lake = SampleLake.Arrange(new FakeSender(), Now);
        return async (asked, token) =>
        {
            Assert.IsType(request, asked);
            return await lake.SendUntyped(asked, token);
        };
    }

    private sealed class Unreachable() : LakePortalException("test.unreachable", ErrorKind.Unavailable, "The control database does not answer.", "Look at the disk.");
}
