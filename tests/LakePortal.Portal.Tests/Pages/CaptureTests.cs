using System.Text.Json.Nodes;
using AngleSharp.Dom;
using Bunit;
using LakePortal.Ingestion.Contracts.Capture;
using LakePortal.Ingestion.Contracts.Reconciliation;
using LakePortal.Ingestion.Contracts.Syncs;
using LakePortal.Kernel.Messaging;
using LakePortal.Portal.Pages.Captures;
using LakePortal.Portal.Pages.Sources;
using LakePortal.Portal.Pages.Syncs;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Pages;

/// <summary>Following changes as an operator sees it: positions, lag, kept log, held tables, and what can be done.</summary>
public sealed class CaptureTests : PageTest
{
    private readonly SampleCapture _sample = new(Now);

    [Fact]
    public void A_followed_sync_shows_source_captured_and_applied_position_lag_and_throughput()
    {
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_events"));
        Assert.Equal(["0/3A41C2F8", "0/3A41B110", "0/3A41B110"], shown.FindAll(".positions .mono").Select(p => p.TextContent));
        Assert.Equal("4.5 KiB", Fact(shown, "Behind the source"));
        Assert.Equal("1.4 s", Fact(shown, "From commit to lake"));
        Assert.StartsWith("812 changes/s", Fact(shown, "Throughput"), StringComparison.Ordinal);
        Assert.Equal("0/3A2FF010", shown.FindAll("dd").Single(d => d.PreviousElementSibling?.TextContent == "Verified through").QuerySelector("a")!.TextContent);
        Assert.Contains("Every change is in raw and in refined", shown.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void A_capture_that_broke_claims_no_lag_and_shows_the_statement_that_mends_it()
    {
        Sender.On<GetCapture>(_ => _sample.Waiting).On<GetSyncStatus>(r => _sample.Status(r.Name, _sample.Waiting));
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_events"));
        Assert.Equal("up to 7 min 0 s: not being read", Fact(shown, "Behind the source"));
        Assert.DoesNotContain("Throughput", shown.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("1.4 s", shown.Markup, StringComparison.Ordinal);
        Assert.Equal("ALTER ROLE lake REPLICATION;", shown.Find(".sql-hint code").TextContent);
        Assert.Equal("Copy ALTER ROLE lake REPLICATION;", shown.Find(".sql-hint button").GetAttribute("title"));
        Assert.Contains("Retrying", shown.Markup, StringComparison.Ordinal);

        // 9 of 10 GiB are used up.
        Assert.Equal("90", shown.Find("[role=meter]").GetAttribute("aria-valuenow"));
        Assert.Contains("Alarm", shown.Find(".gauge").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_held_table_says_why_and_what_to_do()
    {
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_audit"));
        var notice = shown.Find(".notice[role=alert]");
        Assert.Contains("has no replica identity", notice.TextContent, StringComparison.Ordinal);
        Assert.Contains("Other tables of the source go on.", notice.TextContent, StringComparison.Ordinal);
        Assert.Equal("ALTER TABLE public.audit REPLICA IDENTITY FULL;", notice.QuerySelector(".sql-hint code")!.TextContent);
    }

    [Fact]
    public void Changes_that_could_not_be_applied_are_shown_with_their_reasons_and_replayed_one_by_one_or_all()
    {
        Sender.On<ListDeadLetters>(_ => (IReadOnlyList<DeadLetterInfo>)
        [
            new("00000000/00000010#00000001", "c", 7, Now, "Column amount is decimal(9,2), and it is NaN.", new JsonObject { ["id"] = "12", ["amount"] = "NaN" }, false, Now, null, null),
            new("00000000/00000005#00000001", "u", 6, Now, "Column amount is decimal(9,2), and it is NaN.", null, true, Now, Now, "settled"),
        ]);
        Sender.On<ReplayDeadLetters>(_ => "r1");
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_events"));
        Assert.Contains("3 changes could not be applied.", shown.Markup, StringComparison.Ordinal);
        Assert.Equal(PortalUrls.Sync("shop_events", "letters"), shown.FindAll("a").First(a => a.TextContent == "Look at them").GetAttribute("href"));

        shown = Open<SyncPage>(PortalUrls.Sync("shop_events", "letters"));
        var rows = shown.FindAll("tbody tr");
        Assert.Contains("it is NaN", rows[0].TextContent, StringComparison.Ordinal);
        Assert.Contains("id 12, amount NaN", rows[0].TextContent, StringComparison.Ordinal);
        Assert.Contains("a policy keeps values from you", rows[1].TextContent, StringComparison.Ordinal);
        Assert.Contains("settled", rows[1].TextContent, StringComparison.Ordinal);
        Assert.Empty(rows[1].QuerySelectorAll("button"));
        rows[0].QuerySelector("button")!.Click();
        Dialogs.WaitForAssertion(() => Assert.Single(Dialogs.FindAll("button"), b => b.TextContent == "Replay"));
        Dialogs.FindAll("button").Single(b => b.TextContent == "Replay").Click();
        shown.WaitForAssertion(() => Assert.Equal(["00000000/00000010#00000001"], Sender.Requests<ReplayDeadLetters>().Single().Positions!));
    }

    [Fact]
    public void A_window_is_backfilled_by_its_column_and_ends()
    {
        Sender.On<BackfillSync>(_ => "r1");
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_events"));
        shown.FindAll("button").Single(b => b.TextContent.Trim() == "Backfill…").Click();
        Dialogs.WaitForAssertion(() => Dialogs.Find("#backfill-from"));
        Dialogs.Find("#backfill-from").Input("100");
        Dialogs.FindAll("button").Single(b => b.TextContent == "Backfill").Click();
        shown.WaitForAssertion(() => Assert.Equal(new BackfillSync("shop_events", null, "100", null), Sender.Requests<BackfillSync>().Single()));
    }

    [Theory]
    [InlineData("Pause…", "Pause", typeof(SetSyncPaused))]
    [InlineData("Restart…", "Restart", typeof(RestartCapture))]
    [InlineData("Load again…", "Load again", typeof(BootstrapSync))]
    public void What_changes_a_capture_asks_first(string button, string verb, Type request)
    {
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_events"));
        Button(shown, button).Click();
        Dialogs.WaitForAssertion(() => Button(Dialogs, verb));
        Assert.DoesNotContain(Sender.Sent, s => s.GetType() == request);
        Button(Dialogs, verb).Click();
        shown.WaitForAssertion(() => Assert.Single(Sender.Sent, s => s.GetType() == request));
    }

    [Fact]
    public void A_paused_sync_is_resumed_without_a_question()
    {
        var paused = _sample.Streaming with { Tables = [_sample.Streaming.Tables[0] with { State = "paused" }] };
        Sender.On<GetSyncStatus>(r => _sample.Status(r.Name, paused));
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_events"));
        Assert.Contains("refined stays as it is until the sync is resumed", shown.Markup, StringComparison.Ordinal);
        Button(shown, "Resume").Click();
        shown.WaitForAssertion(() => Assert.Equal(new SetSyncPaused("shop_events", false), Sender.Requests<SetSyncPaused>().Single()));
    }

    [Fact]
    public void Without_the_permission_the_buttons_name_it()
    {
        Sender.Caller = FakeSender.Of([.. Permissions.All.Where(p => p != Permissions.SyncsRun)]);
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_events"));
        Assert.All(["Pause…", "Restart…", "Load again…", "Compare…"], b => Assert.Equal("Needs the permission syncs.run", Button(shown, b).GetAttribute("title")));
    }

    [Fact]
    public void Numbers_of_the_source_are_read_again_without_an_announcement_and_not_while_held()
    {
        var shown = Open<SyncPage>(PortalUrls.Sync("shop_events"));
        var before = Sender.Requests<GetSyncStatus>().Count();
        Time.Advance(TimeSpan.FromSeconds(6));
        shown.WaitForAssertion(() => Assert.Equal(before + 1, Sender.Requests<GetSyncStatus>().Count()));
        Assert.NotEmpty(shown.FindAll("dd svg[aria-label='Changes per second while this page is open']"));
        Services.GetRequiredService<LakePortal.Portal.Parts.Frame.PortalSession>().TogglePause();
        Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(before + 1, Sender.Requests<GetSyncStatus>().Count());
    }

    [Fact]
    public void A_batch_sync_is_not_read_again_by_the_clock()
    {
        Open<SyncPage>(PortalUrls.Sync("shop_users"));
        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Single(Sender.Requests<GetSyncStatus>());
    }

    [Fact]
    public void A_source_shows_its_capture_with_every_table_and_what_happened()
    {
        var shown = Open<SourcePage>(PortalUrls.Source("shop", "capture"));
        shown.WaitForAssertion(() => Assert.Equal(["shop_events", "shop_carts", "shop_audit"], shown.FindAll("table.grid .name").Select(n => n.TextContent)));
        Assert.Contains("1 streaming, 1 loading, 1 held", shown.Markup, StringComparison.Ordinal);
        Assert.Equal(4, shown.FindAll(".timeline li").Count);
        Assert.Contains("Schema change", shown.Find(".timeline").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_without_capture_has_no_tab_for_it()
    {
        Sender.On<GetCapture>(_ => null);
        var shown = Open<SourcePage>(PortalUrls.Source("shop"));
        Assert.DoesNotContain(shown.FindAll("[role=tab]"), t => t.TextContent.StartsWith("Change capture", StringComparison.Ordinal));
    }

    [Fact]
    public void The_list_of_sources_shows_lag_and_held_tables()
    {
        var shown = Open<SourcesPage>(PortalUrls.Sources);
        var row = shown.FindAll("tbody tr").Single(r => r.QuerySelector(".name")!.TextContent == "shop");
        Assert.Contains("4.5 KiB behind · 812/s", row.TextContent, StringComparison.Ordinal);
        Assert.Contains("1 table held", row.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void The_column_of_captures_is_there_only_when_there_are_some()
    {
        Sender.On<GetCapture>(_ => null);
        Assert.DoesNotContain("Change capture", Open<SourcesPage>(PortalUrls.Sources).Markup, StringComparison.Ordinal);
    }

    private static string Fact<T>(IRenderedComponent<T> shown, string label)
        where T : Microsoft.AspNetCore.Components.IComponent =>
        shown.FindAll("dt").Single(d => d.TextContent == label).NextElementSibling!.TextContent.Trim();

    private static IElement Button<T>(IRenderedComponent<T> shown, string text)
        where T : Microsoft.AspNetCore.Components.IComponent =>
        shown.FindAll("button").First(b => b.TextContent.Trim() == text);
}

public sealed class SqlHintTests
{
    [Theory]
    [InlineData("ALTER SYSTEM SET wal_level = 'logical'; then restart the server.", "ALTER SYSTEM SET wal_level = 'logical';")]
    [InlineData("As the tables' owner or a superuser: CREATE PUBLICATION \"p;q\" FOR TABLE a, b;", "CREATE PUBLICATION \"p;q\" FOR TABLE a, b;")]
    [InlineData("ALTER ROLE \"o'neil\" REPLICATION;", "ALTER ROLE \"o'neil\" REPLICATION;")]
    public void A_statement_is_taken_out_of_its_words(string hint, string expected) => Assert.Equal([expected], SqlHint.Statements(hint));

    [Theory]
    [InlineData(null)]
    [InlineData("Use mode: batch or snapshot.")]
    [InlineData("SELECT permission is missing")]
    [InlineData("ALTER SYSTEM SET max_replication_slots = …; and restart")]
    public void What_is_no_whole_statement_is_not_offered(string? hint) => Assert.Empty(SqlHint.Statements(hint));

    [Fact]
    public void Several_statements_are_offered_one_by_one() =>
        Assert.Equal(["GRANT SELECT ON t TO u;", "ALTER ROLE u REPLICATION;"], SqlHint.Statements("GRANT SELECT ON t TO u; and then ALTER ROLE u REPLICATION;"));
}

public sealed class RetainedLogTests
{
    private const long GiB = 1L << 30;

    [Theory]
    [InlineData(1 * GiB, 9 * GiB, "reserved", "ok")]
    [InlineData(5 * GiB, 5 * GiB, "reserved", "warn")]
    [InlineData(8 * GiB, 2 * GiB, "reserved", "bad")]
    [InlineData(1 * GiB, 9 * GiB, "extended", "warn")]
    [InlineData(1 * GiB, 9 * GiB, "unreserved", "bad")]
    [InlineData(11 * GiB, -1 * GiB, "extended", "bad")]
    [InlineData(0, 0, "lost", "bad")]
    public void The_colour_follows_how_near_the_log_is_to_being_dropped(long kept, long safe, string status, string tone) =>
        Assert.Equal(tone, RetainedLog.Of(kept, safe, status).Tone);

    [Theory]
    [InlineData(512L << 20, "ok")]
    [InlineData(2 * GiB, "warn")]
    [InlineData(20 * GiB, "bad")]
    public void Without_a_limit_the_disk_is_the_limit(long kept, string tone)
    {
        var log = RetainedLog.Of(kept, null, "reserved");
        Assert.Equal(tone, log.Tone);
        Assert.Null(log.Share);
        Assert.Contains("max_slot_wal_keep_size", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_known_is_not_called_good() => Assert.Equal("idle", RetainedLog.Of(null, null, null).Tone);
}
