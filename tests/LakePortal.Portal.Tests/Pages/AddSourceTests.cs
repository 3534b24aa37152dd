using AngleSharp.Dom;
using Bunit;
using LakePortal.Governance.Contracts.Secrets;
using LakePortal.Ingestion.Contracts.Sources;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Configuration;
using LakePortal.Portal.Pages.Sources;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;

namespace LakePortal.Portal.Tests.Pages;

public sealed class AddSourceTests : PageTest
{
    [Fact]
    public void Faults_are_told_at_their_field_and_nothing_is_sent()
    {
        var shown = Open<AddSourcePage>(PortalUrls.AddSource);
        shown.Find("form").Submit();
        Assert.Contains("The server's name or address.", shown.Markup, StringComparison.Ordinal);
        Assert.Empty(Sender.Requests<TestConnection>());
    }

    [Fact]
    public void A_failed_test_keeps_what_was_typed_except_the_password_which_is_a_secret_by_then()
    {
        Sender.On<TestConnection>(_ => new SampleLake(Now).Connection(false));
        var shown = Open<AddSourcePage>(PortalUrls.AddSource);
        Fill(shown);
        Button(shown, "Test connection").Click();
        shown.WaitForAssertion(() => Assert.Contains("The password of user 'lake' is wrong.", shown.Markup, StringComparison.Ordinal));
        Assert.Equal("db.example.com", shown.Find("#source-host").GetAttribute("value"));
        Assert.DoesNotContain("s3cr3t!", shown.Markup, StringComparison.Ordinal);
        Assert.Equal(new SetSecret("crm-password", "s3cr3t!"), Sender.Requests<SetSecret>().Single());
        Assert.Equal("${secret:crm-password}", (string?)Sender.Requests<TestConnection>().Single().Source["password"]);
    }

    [Fact]
    public void The_name_of_another_source_is_refused_before_its_password_is_touched()
    {
        var shown = Open<AddSourcePage>(PortalUrls.AddSource);
        Fill(shown);
        shown.Find("#source-name").Input("shop");
        Button(shown, "Test connection").Click();
        shown.WaitForAssertion(() => Assert.Contains("There is a source 'shop' already.", shown.Markup, StringComparison.Ordinal));
        Assert.Empty(Sender.Requests<SetSecret>());
        Assert.Empty(Sender.Requests<TestConnection>());
    }

    [Fact]
    public void A_source_that_gets_another_name_after_the_test_keeps_its_password()
    {
        var shown = Open<AddSourcePage>(PortalUrls.AddSource);
        Fill(shown);
        Button(shown, "Test connection").Click();
        shown.WaitForAssertion(() => Assert.Single(Sender.Requests<TestConnection>()));
        shown.Find("#source-name").Input("crm2");
        Button(shown, "Test connection").Click();
        shown.WaitForAssertion(() => Assert.Equal(2, Sender.Requests<TestConnection>().Count()));
        Assert.Equal("${secret:crm-password}", (string?)Sender.Requests<TestConnection>().Last().Source["password"]);
        Assert.Single(Sender.Requests<SetSecret>());
    }

    [Fact]
    public async Task A_wizard_that_is_left_takes_its_password_with_it()
    {
        var shown = Open<AddSourcePage>(PortalUrls.AddSource);
        Fill(shown);
        Button(shown, "Test connection").Click();
        shown.WaitForAssertion(() => Assert.Single(Sender.Requests<TestConnection>()));
        await DisposeComponentsAsync();
        Assert.Equal(new DeleteSecret("crm-password"), Sender.Requests<DeleteSecret>().Single());
    }

    [Fact]
    public async Task The_four_steps_end_in_configuration_and_running_syncs()
    {
        var shown = Open<AddSourcePage>(PortalUrls.AddSource);
        Fill(shown);
        shown.Find("form").Submit();
        shown.WaitForAssertion(() => Assert.Contains("numeric without a scale has no exact decimal type", shown.Markup, StringComparison.Ordinal));
        shown.FindAll("td input[type=checkbox]")[0].Change(true);
        shown.FindAll("select[aria-label='Cursor of orders']")[0].Change("updated_at");
        Button(shown, "Options").Click();
        shown.Find("#preset").Change("0 */15 * * * ?");
        Assert.Equal(5, shown.FindAll(".chip time").Count);
        Button(shown, "Review").Click();
        shown.WaitForAssertion(() => Assert.Contains("crm_orders", shown.Markup, StringComparison.Ordinal));
        Assert.True(Sender.Requests<ApplyConfiguration>().Single().DryRun);
        Button(shown, "Create and run now").Click();
        shown.WaitForAssertion(() => Assert.Contains("1 run was started.", shown.Markup, StringComparison.Ordinal));
        var applied = Sender.Requests<ApplyConfiguration>().Last();
        Assert.False(applied.DryRun);
        Assert.Equal(
            """
            kind: source
            name: crm
            type: postgres
            host: db.example.com
            port: 5432
            database: crm
            username: lake
            password: "${secret:crm-password}"
            ---
            kind: sync
            source: crm
            tables: [public.orders]
            mode: batch
            cursor: updated_at
            schedule: "0 */15 * * * ?"
            """, applied.Texts.Single().Content);
        Assert.Equal("crm_orders", Sender.Requests<RunSync>().Single().Name);
        await DisposeComponentsAsync();
        Assert.Empty(Sender.Requests<DeleteSecret>());
    }

    [Fact]
    public void Tables_that_follow_changes_have_no_schedule_and_are_not_started_by_hand()
    {
        var shown = Open<AddSourcePage>(PortalUrls.AddSource);
        Fill(shown);
        shown.Find("form").Submit();
        shown.WaitForAssertion(() => Assert.Equal(4, shown.FindAll("td input[type=checkbox]").Count));
        shown.FindAll("select[aria-label='Mode of orders']")[1].Change("bootstrap+cdc");
        shown.FindAll("td input[type=checkbox]")[^1].Change(true);
        Assert.Contains("it is held until it has REPLICA IDENTITY FULL", shown.Markup, StringComparison.Ordinal);
        Assert.Contains(shown.FindAll(".sql-hint code"), c => c.TextContent == "ALTER TABLE sales.orders REPLICA IDENTITY FULL;");
        Assert.Contains(shown.FindAll(".sql-hint code"), c => c.TextContent == "ALTER ROLE lake REPLICATION;");
        Assert.True(shown.Find("select[aria-label='Mode of sales'] option[value=cdc]").HasAttribute("disabled"));
        Button(shown, "Options").Click();
        shown.Find("#preset").Change("0 */15 * * * ?");
        Button(shown, "Review").Click();
        shown.WaitForAssertion(() => Button(shown, "Create and run now").Click());
        shown.WaitForAssertion(() => Assert.Contains("1 table begins to follow changes by itself", shown.Markup, StringComparison.Ordinal));
        Assert.EndsWith("tables: [sales.orders]\nmode: bootstrap+cdc", Sender.Requests<ApplyConfiguration>().Last().Texts.Single().Content, StringComparison.Ordinal);
        Assert.Empty(Sender.Requests<RunSync>());
    }

    [Fact]
    public void A_schedule_that_cannot_be_read_stops_the_wizard_with_the_reason()
    {
        var (next, fault) = CronPreview.Next("0 61 * * * ?", TimeZoneInfo.Utc, Now, 3);
        Assert.Empty(next);
        Assert.NotNull(fault);
    }

    [Fact]
    public void Next_runs_are_those_of_the_zone()
    {
        // 02:00 in Berlin is 00:00 UTC in summer.
        var (next, _) = CronPreview.Next("0 0 2 * * ?", TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"), Now, 2);
        Assert.Equal([new DateTimeOffset(2026, 5, 5, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 5, 6, 0, 0, 0, TimeSpan.Zero)], next.Select(t => t.ToUniversalTime()));
    }

    private static void Fill(IRenderedComponent<AddSourcePage> shown)
    {
        shown.Find("#source-name").Input("crm");
        shown.Find("#source-host").Input("db.example.com");
        shown.Find("#source-database").Input("crm");
        shown.Find("#source-user").Input("lake");
        shown.Find("#source-password").Input("s3cr3t!");
    }

    private static IElement Button(IRenderedComponent<AddSourcePage> shown, string text) =>
        shown.FindAll("button").First(b => b.TextContent.Trim().StartsWith(text, StringComparison.Ordinal));
}
