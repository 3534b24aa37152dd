using Bunit;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Runs;
using LakePortal.Portal.Parts.Frame;
using LakePortal.Portal.Parts.Graphs;
using LakePortal.Portal.Parts.Runs;
using LakePortal.Portal.Parts.States;
using LakePortal.Portal.Parts.Values;
using LakePortal.Portal.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace LakePortal.Portal.Tests.Parts;

public sealed class ComponentTests : PageTest
{
    [Fact]
    public void Without_a_total_progress_shows_rows_and_no_percentage()
    {
        var shown = Render<JobProgress>(p => p.Add(c => c.Progress, new RunProgress("Reading", 1_234, null, false, 0, 50)));
        Assert.Contains("1,234 rows", shown.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain(" %", shown.Markup, StringComparison.Ordinal);
        Assert.False(shown.Find("[role=progressbar]").HasAttribute("aria-valuenow"));
    }

    [Fact]
    public void An_estimate_that_was_too_small_never_says_that_the_work_is_done()
    {
        var shown = Render<JobProgress>(p => p.Add(c => c.Progress, new RunProgress("Reading", 1_500, 1_000, true, 0, 0)));
        Assert.Equal("99", shown.Find("[role=progressbar]").GetAttribute("aria-valuenow"));
        Assert.Contains("1,500 of about 1,000 rows", shown.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void A_time_names_its_zone_and_grows_older_by_itself()
    {
        Services.GetRequiredService<PortalSession>().SetBrowser("Europe/Berlin", dark: false);
        var shown = Render<Time>(p => p.Add(c => c.Value, Now.AddSeconds(-30)));
        Assert.Equal("30 s ago", shown.Find("time").TextContent);
        Assert.Equal("2026-05-04T10:14:30Z", shown.Find("time").GetAttribute("datetime"));
        Assert.StartsWith("2026-05-04 12:14:30 UTC+2 (Europe/Berlin)", shown.Find("time").GetAttribute("title"), StringComparison.Ordinal);
        Time.Advance(TimeSpan.FromMinutes(2));
        shown.WaitForAssertion(() => Assert.Equal("2 min ago", shown.Find("time").TextContent));
    }

    [Fact]
    public void A_state_is_a_shape_a_word_and_a_colour()
    {
        var failed = Render<StateBadge>(p => p.Add(c => c.State, "failed"));
        var succeeded = Render<StateBadge>(p => p.Add(c => c.State, "succeeded"));
        Assert.Equal("Failed", failed.Find(".badge").TextContent);
        Assert.NotEqual(failed.Find("svg").InnerHtml, succeeded.Find("svg").InnerHtml);
        Assert.Contains("tone-bad", failed.Find(".badge").ClassName, StringComparison.Ordinal);
    }

    [Fact]
    public void A_defect_shows_no_detail_of_the_program()
    {
        var shown = Render<ErrorPanel>(p => p.Add(c => c.Failure, new InvalidOperationException("secret connection string")));
        Assert.DoesNotContain("secret", shown.Markup, StringComparison.Ordinal);
        Assert.Contains("Something went wrong inside LakePortal.", shown.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_of_an_input_is_listed_with_its_place()
    {
        var failure = new InvalidInputException("The document is not valid.", null, new InputFault("tables[0]", "No such table.", "Did you mean 'orders'?"), new InputFault("mode", "Unknown mode."));
        var shown = Render<ErrorNotice>(p => p.Add(c => c.Failure, failure));
        Assert.Equal(["tables[0]", "mode"], shown.FindAll("code").Select(c => c.TextContent));
    }

    [Fact]
    public void A_graph_links_every_node_and_escapes_its_name()
    {
        var shown = Render<DagView>(p => p
            .Add(c => c.Nodes, [new DagView.Node("<b>a</b>", "x", "ok", "/a"), new DagView.Node("b", "y", "bad", "/b")])
            .Add(c => c.Edges, [("<b>a</b>", "b")]).Add(c => c.Label, "Tasks"));
        Assert.Equal(["/a", "/b"], shown.FindAll("svg a").Select(a => a.GetAttribute("href")));
        Assert.Empty(shown.FindAll("svg b"));
        Assert.Single(shown.FindAll("path.edge"));
    }
}
