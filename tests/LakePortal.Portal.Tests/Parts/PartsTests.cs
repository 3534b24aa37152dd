using System.Globalization;
using System.Text.Json.Nodes;
using LakePortal.Portal.Layout;
using LakePortal.Portal.Parts;
using LakePortal.Portal.Parts.Charts;
using LakePortal.Portal.Parts.Graphs;
using LakePortal.Portal.Parts.Values;
using LakePortal.Serving.Contracts.Queries;
using Microsoft.AspNetCore.WebUtilities;

namespace LakePortal.Portal.Tests.Parts;

public sealed class PortalUrlsTests
{
    [Theory]
    [InlineData("orders")]
    [InlineData("a/b?c=d&e#f")]
    [InlineData("Ünï çødé + 100%")]
    [InlineData("semi;colon \"quoted\" 'single'")]
    public void A_name_of_any_kind_survives_the_address(string name)
    {
        var uri = new Uri(new Uri("http://localhost/"), PortalUrls.Table("raw", name, "files", "42"));
        Assert.Equal("/tables/detail", uri.AbsolutePath);
        var query = QueryHelpers.ParseQuery(uri.Query);
        Assert.Equal(["raw", name, "files", "42"], [query["ns"].ToString(), query["name"].ToString(), query["tab"].ToString(), query["snapshot"].ToString()]);
    }

    [Fact]
    public void A_statement_survives_the_address()
    {
        const string sql = "SELECT 'a&b=c' AS \"x#y\"\n-- 100 % + more\nFROM t WHERE a <> 'ü'";
        Assert.Equal(sql, QueryHelpers.ParseQuery(new Uri(new Uri("http://localhost/"), PortalUrls.Sql(sql)).Query)["sql"].ToString());
    }

    [Fact]
    public void What_is_not_given_is_not_in_the_address() => Assert.Equal("/syncs", PortalUrls.SyncList());

    [Fact]
    public void A_full_name_is_split_at_its_first_dot() => Assert.Equal(PortalUrls.Table("raw", "a.b"), PortalUrls.TableOf("raw.a.b"));

    [Theory]
    [InlineData("orders", "orders")]
    [InlineData("Orders", "\"Orders\"")]
    [InlineData("order", "\"order\"")]
    [InlineData("a\"b", "\"a\"\"b\"")]
    [InlineData("1st", "\"1st\"")]
    [InlineData("", "\"\"")]
    public void Identifiers_are_quoted_when_SQL_needs_it(string name, string expected) => Assert.Equal(expected, PortalUrls.Quote(name));

    [Fact]
    public void Every_place_has_a_key_of_its_own_that_no_general_shortcut_takes()
    {
        Assert.Equal(Shortcuts.Captured.Length, Shortcuts.Captured.Distinct().Count());
        Assert.All(Places.All, p => Assert.Single(p.Key));
    }
}

public sealed class FormatsTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 10, 15, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(1_234_567_890_123, "1,234,567,890,123")]
    [InlineData(long.MinValue, "-9,223,372,036,854,775,808")]
    public void Counts_keep_every_digit(long value, string expected) => Assert.Equal(expected, Formats.Count(value));

    [Theory]
    [InlineData(1023, "1,023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1_610_612_736, "1.5 GiB")]
    public void Bytes_are_binary_units(long value, string expected) => Assert.Equal(expected, Formats.Bytes(value));

    [Theory]
    [InlineData(0.0009, "0 ms")]
    [InlineData(0.85, "850 ms")]
    [InlineData(59.99, "59.9 s")]
    [InlineData(245, "4 min 5 s")]
    [InlineData(7380, "2 h 3 min")]
    [InlineData(273600, "3 d 4 h")]
    public void Durations_have_two_units_at_most(double seconds, string expected) => Assert.Equal(expected, Formats.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("2026-05-04T12:15:00 UTC+2", "Europe/Berlin", "2026-05-04 12:15:00 UTC+2")]
    [InlineData("india", "Asia/Kolkata", "2026-05-04 15:45:00 UTC+5:30")]
    [InlineData("newfoundland", "America/St_Johns", "2026-05-04 07:45:00 UTC−2:30")]
    [InlineData("utc", "UTC", "2026-05-04 10:15:00 UTC")]
    public void Absolute_times_name_their_zone(string label, string zone, string expected)
    {
        Assert.NotEmpty(label);
        Assert.Equal(expected, Formats.Absolute(Now, TimeZoneInfo.FindSystemTimeZoneById(zone)));
    }

    [Theory]
    [InlineData(-3, "just now")]
    [InlineData(-59, "59 s ago")]
    [InlineData(-3599, "59 min ago")]
    [InlineData(7200, "in 2 h")]
    [InlineData(-86400 * 40, "2026-03-25")]
    public void Relative_times_are_short(int seconds, string expected) => Assert.Equal(expected, Formats.Relative(Now.AddSeconds(seconds), Now, TimeZoneInfo.Utc));
}

public sealed class ChartTests
{
    [Theory]
    [InlineData(0, 97, 0, 100, 20)]
    [InlineData(0, 1, 0, 1, 0.2)]
    [InlineData(-30, 70, -40, 80, 20)]
    [InlineData(0, 0.0042, 0, 0.005, 0.001)]
    public void Axes_have_round_numbers_that_cover_the_data(double min, double max, double from, double to, double step)
    {
        var scale = NiceScale.For(min, max, includeZero: true);
        Assert.Equal((from, to, step), (Math.Round(scale.Min, 9), Math.Round(scale.Max, 9), Math.Round(scale.Step, 9)));
    }

    [Fact]
    public void One_value_still_has_an_axis() => Assert.True(NiceScale.For(5, 5, includeZero: true) is { Min: 0, Max: >= 5 });

    [Fact]
    public void Rows_become_series_in_their_order_and_gaps_stay_gaps()
    {
        var answer = Answer(["day", "kind", "n"], ["1", "a", 10], ["1", "b", 1], ["2", "a", 20], ["3", "b", 3]);
        var data = ChartData.From(answer, "day", ["n"], "kind");
        Assert.Equal(["1", "2", "3"], data.Categories);
        Assert.Equal([10.0, 20.0, null], data.Series.Single(s => s.Name == "a").Values);
        Assert.Equal([1.0, null, 3.0], data.Series.Single(s => s.Name == "b").Values);
    }

    [Fact]
    public void Decimals_that_come_as_text_are_numbers_and_NaN_is_none()
    {
        Assert.Equal(12.34, ChartData.Number(JsonValue.Create("12.34")));
        Assert.Null(ChartData.Number(JsonValue.Create("NaN")));
        Assert.Null(ChartData.Number(JsonValue.Create("abc")));
    }

    [Fact]
    public void Numbers_in_results_keep_their_digits() => Assert.Equal("12345678901234567890.123456789", ChartData.Text(JsonNode.Parse("12345678901234567890.123456789")));

    [Fact]
    public void A_missing_column_is_named() =>
        Assert.Equal("The query has no column 'amount'; it returns 'day', 'n'.", ChartData.Problem(Answer(["day", "n"]), "day", ["amount"], null));

    [Fact]
    public void Stacked_bars_stand_on_each_other()
    {
        var layout = AxisLayout.For(new ChartData(["x"], [new("a", [30]), new("b", [20])]), "stacked-bar");
        var (first, second) = (layout.Bars[0], layout.Bars[1]);
        Assert.Equal(first.Y, second.Y + second.Height, 6);
        Assert.Equal(1.5, first.Height / second.Height, 6);
    }

    [Fact]
    public void Marks_stay_within_the_plot_whatever_its_width()
    {
        var layout = AxisLayout.For(new ChartData(["a", "b", "c"], [new("n", [1, 2, 3])]), "bar");
        Assert.All(layout.Bars, b => Assert.True(b is { X: >= 0, Y: >= 0 } && b.X + b.Width <= 100 && b.Y + b.Height <= 100.000001));
        Assert.Equal([16.667, 50, 83.333], layout.Labels.Select(l => Math.Round(l.At, 3)));
    }

    [Fact]
    public void Days_on_an_axis_say_the_year_once_and_again_when_it_changes()
    {
        var dates = AxisDates.Short(["2025-12-30", "2025-12-31", "2026-01-01 00:00:00"])!;
        Assert.Equal(["30 Dec 2025", "31 Dec", "1 Jan 2026"], new[] { dates.Text(0, null, 1), dates.Text(1, 0, 2), dates.Text(2, 1, null) });
        Assert.Equal("May 2026", AxisDates.Short(["2026-05"])!.Text(0, null, null));
    }

    [Fact]
    public void Two_years_side_by_side_on_an_axis_are_said_once()
    {
        var dates = AxisDates.Short(["2025-11-17", "2026-01-05", "2026-02-23"])!;
        Assert.Equal(["17 Nov", "5 Jan 2026", "23 Feb"], new[] { dates.Text(0, null, 1), dates.Text(1, 0, 2), dates.Text(2, 1, null) });
    }

    [Fact]
    public void Categories_that_are_not_all_days_keep_their_text() => Assert.Null(AxisDates.Short(["2026-05-01", "(null)"]));

    [Theory]
    [InlineData(0, "file", "0 files")]
    [InlineData(1, "file", "1 file")]
    [InlineData(1234, "query", "1,234 queries")]
    public void Counts_agree_with_their_noun(long count, string one, string expected) => Assert.Equal(expected, Formats.Counted(count, one));

    [Fact]
    public void Slices_of_a_pie_are_shares_of_the_whole()
    {
        var slices = PieLayout.Slices([30, null, 10, -5]);
        Assert.Equal([0.75, 0.25], slices.Select(s => s.Share));
        Assert.Equal([0, 2], slices.Select(s => s.Index));
    }

    private static QueryAnswer Answer(string[] columns, params object[][] rows) => new(
        "q", [.. columns.Select(c => new QueryColumn(c, "VARCHAR"))], [.. rows.Select(r => new JsonArray([.. r.Select(v => JsonValue.Create(v))]))], false,
        new QueryStatistics(0, rows.Length, 0, 0, 0, new Dictionary<string, string>()));
}

public sealed class LayeredLayoutTests
{
    [Fact]
    public void Every_edge_leads_to_a_later_layer_by_the_longest_path()
    {
        var graph = LayeredLayout.Place(["a", "b", "c", "d"], [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]);
        Assert.Equal([0, 1, 2, 3], graph.Nodes.Select(n => n.Layer));
    }

    [Fact]
    public void Crossings_that_can_be_avoided_are_avoided()
    {
        // a→y, b→x: as written they cross; ordered by their neighbours they do not.
        var graph = LayeredLayout.Place(["a", "b", "x", "y"], [("a", "y"), ("b", "x")]);
        var order = graph.Nodes.ToDictionary(n => n.Name, n => n.Order);
        Assert.Equal(order["a"] < order["b"], order["y"] < order["x"]);
    }

    [Fact]
    public void Nodes_do_not_overlap()
    {
        var names = Enumerable.Range(0, 60).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToList();
        var edges = Enumerable.Range(1, 59).Select(i => ((i / 3).ToString(CultureInfo.InvariantCulture), i.ToString(CultureInfo.InvariantCulture))).Where(e => e.Item1 != e.Item2).ToList();
        var graph = LayeredLayout.Place(names, edges);
        Assert.All(
            from a in graph.Nodes from b in graph.Nodes where string.CompareOrdinal(a.Name, b.Name) < 0 select (a, b),
            p => Assert.True(Math.Abs(p.a.X - p.b.X) >= LayeredLayout.NodeWidth || Math.Abs(p.a.Y - p.b.Y) >= LayeredLayout.NodeHeight));
        Assert.All(graph.Nodes, n => Assert.True(n.X + LayeredLayout.NodeWidth <= graph.Width && n.Y + LayeredLayout.NodeHeight <= graph.Height));
    }

    [Fact]
    public void The_same_graph_is_drawn_the_same()
    {
        string[] nodes = ["a", "b", "c", "d", "e"];
        (string, string)[] edges = [("a", "c"), ("b", "c"), ("b", "d"), ("c", "e"), ("a", "e")];
        Assert.Equal(LayeredLayout.Place(nodes, edges).Nodes, LayeredLayout.Place(nodes, edges).Nodes);
    }

    [Fact]
    public void Edges_to_nothing_and_cycles_do_no_harm()
    {
        var graph = LayeredLayout.Place(["a", "b"], [("a", "b"), ("b", "a"), ("a", "gone"), ("a", "a")]);
        Assert.Equal(2, graph.Edges.Count);
        Assert.Empty(LayeredLayout.Place([], []).Nodes);
    }
}
