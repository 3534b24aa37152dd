using DuckDB.NET.Data;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using LakePortal.Processing.Pipelines.Parameters;

namespace LakePortal.Processing.Tests.Parameters;

/// <summary>Templates in SQL. What a rendered statement means is asked of DuckDB itself.</summary>
public sealed class SqlTemplateTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 0, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("{{ today }}", " DATE '2026-03-01' ")]
    [InlineData("{{yesterday}}", " DATE '2026-02-28' ")]
    [InlineData("{{ today - 7d }}", " DATE '2026-02-22' ")]
    [InlineData("{{ today - 7 }}", " DATE '2026-02-22' ")]
    [InlineData("{{ today - 1mo }}", " DATE '2026-02-01' ")]
    [InlineData("{{ today + 1y }}", " DATE '2027-03-01' ")]
    [InlineData("{{ now - 90m }}", " TIMESTAMPTZ '2026-02-28 23:00:00.000000+00' ")]
    [InlineData("'{{ today }}'", "'2026-03-01'")]
    [InlineData("'run {{ run_id }}!'", "'run r1!'")]
    [InlineData("-- {{ nobody }}\n1", "-- {{ nobody }}\n1")]
    [InlineData("/* /* {{ */ {{ x }} */ 1", "/* /* {{ */ {{ x }} */ 1")]
    [InlineData("'it''s {{ today }}'", "'it''s 2026-03-01'")]
    public void A_template_becomes_a_value_of_its_type(string sql, string expected)
    {
        Assert.Equal(expected, SqlTemplate.Parse(sql).Render(Values()));
    }

    [Theory]
    [InlineData("\"{{ today }}\"", "quoted name")]
    [InlineData("E'{{ today }}'", "escape string")]
    [InlineData("$$ {{ today }} $$", "dollar-quoted")]
    [InlineData("$a$ {{ today }} $a$", "dollar-quoted")]
    [InlineData("{{ today", "never closed")]
    [InlineData("{{ drop table }}", "not understood")]
    [InlineData("{{ }}", "not understood")]
    public void A_template_where_no_value_can_stand_is_refused(string sql, string why)
    {
        Assert.Contains(why, Assert.Throws<TemplateException>(() => SqlTemplate.Parse(sql).Render(Values())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_known_ones()
    {
        var error = Assert.Throws<TemplateException>(() => SqlTemplate.Parse("{{ tody }}").Render(Values()));
        Assert.Contains("today", error.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'; DROP TABLE x; --")]
    [InlineData("\\'; SELECT 1; --")]
    [InlineData("x' OR '1'='1")]
    [InlineData("''")]
    [InlineData("$$")]
    [InlineData("*/ SELECT 1 /*")]
    [InlineData("{{ run_id }}")]
    [InlineData("line\nbreak\r\ttab")]
    public void A_hostile_value_stays_a_value(string value) => AssertStaysValue(value);

    [Property(MaxTest = 300)]
    public void Any_text_stays_a_value(NonNull<string> value) => AssertStaysValue(value.Get);

    [Fact]
    public void A_default_that_is_one_template_has_the_type_of_its_value()
    {
        var values = Values();
        Assert.Null(values.Declare("day", new ParameterValue.OfText("{{ yesterday }}"), null));
        Assert.Null(values.Declare("label", new ParameterValue.OfText("day {{ day }}"), null));
        Assert.Equal(" DATE '2026-02-28'   'day 2026-02-28' ", SqlTemplate.Parse("{{ day }} {{ label }}").Render(values));
        Assert.Equal("a date like 2026-01-31", values.Declare("other", new ParameterValue.OfText("{{ today }}"), "1 OR 1=1"));
    }

    [Fact]
    public void A_day_is_a_day_of_the_pipelines_own_zone()
    {
        var newYork = TimeZoneInfo.FindSystemTimeZoneById("America/New_York");
        Assert.Equal("2026-02-28", ParameterSet.Start("r", "p", At, newYork).Find("today")!.Text);
    }

    private static void AssertStaysValue(string value)
    {
        if (value.Contains('\0', StringComparison.Ordinal) || value.Any(char.IsSurrogate))
        {
            return;
        }

        var values = Values();
        values.Declare("inner_value", new ParameterValue.OfText(""), value);
        using var database = new DuckDBConnection("DataSource=:memory:");
        database.Open();
        foreach (var sql in new[] { "SELECT {{ inner_value }}, 7", "SELECT '{{ inner_value }}', 7", "SELECT\t({{inner_value}}), 7 -- '{{" })
        {
            using var command = database.CreateCommand();
            command.CommandText = SqlTemplate.Parse(sql).Render(values);
            using var reader = command.ExecuteReader();
            Assert.True(reader.Read());
            Assert.Equal(value, reader.GetString(0));
            Assert.Equal(7, reader.GetInt32(1));
            Assert.False(reader.Read());
        }
    }

    private static ParameterSet Values() => ParameterSet.Start("r1", "p", At, TimeZoneInfo.Utc);
}
