using System.Globalization;
using System.Text.RegularExpressions;

namespace LakePortal.Processing.Pipelines.Parameters;

/// <summary>
/// What stands between <c>{{</c> and <c>}}</c>: a name, and optionally a span to add or take away: <c>today - 7d</c>, <c>day + 1mo</c>, <c>now - 90m</c>.
/// Units: <c>y mo w d h m s</c>; without a unit days.
/// </summary>
internal sealed partial record TemplateExpression(string Name, int Amount, string Unit)
{
    [GeneratedRegex(@"^\s*(?<name>[A-Za-z_][A-Za-z0-9_]*)\s*(?:(?<sign>[+-])\s*(?<amount>[0-9]{1,6})\s*(?<unit>mo|y|w|d|h|m|s)?)?\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();

    public static TemplateExpression Parse(string text, int offset)
    {
        var match = Form().Match(text);
        if (!match.Success)
        {
            throw new TemplateException(
                $"'{{{{{text}}}}}' is not understood.",
                "Write {{ name }} or {{ name - 7d }}; spans are a number with y, mo, w, d, h, m or s.", offset);
        }

        var amount = match.Groups["amount"].Success ? int.Parse(match.Groups["amount"].ValueSpan, CultureInfo.InvariantCulture) : 0;
        return new TemplateExpression(
            match.Groups["name"].Value,
            match.Groups["sign"].Value == "-" ? -amount : amount,
            match.Groups["unit"].Success ? match.Groups["unit"].Value : "d");
    }

    public ParameterValue Evaluate(ParameterSet values, int offset)
    {
        var value = values.Find(Name) ?? throw new TemplateException(
            $"There is no parameter '{Name}'.", $"Known are {string.Join(", ", values.Names)}.", offset);
        if (Amount == 0)
        {
            return value;
        }

        try
        {
            return value switch
            {
                ParameterValue.OfDate date => new ParameterValue.OfDate(Shift(date.Value, offset)),
                ParameterValue.OfMoment moment => new ParameterValue.OfMoment(Shift(moment.Value)),
                ParameterValue.OfNumber number when Unit == "d" => new ParameterValue.OfNumber(number.Value + Amount),
                _ => throw new TemplateException(
                    $"'{Name}' is neither a date nor a time: nothing can be added to it.", "Declare it with a template, e.g. day: \"{{ yesterday }}\".", offset),
            };
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new TemplateException($"'{{{{ {Name} {Amount:+0;-0}{Unit} }}}}' leaves the calendar.", "Use a smaller span.", offset);
        }
    }

    private DateOnly Shift(DateOnly date, int offset) => Unit switch
    {
        "y" => date.AddYears(Amount),
        "mo" => date.AddMonths(Amount),
        "w" => date.AddDays(7 * Amount),
        "d" => date.AddDays(Amount),
        _ => throw new TemplateException($"'{Name}' is a date: it can be moved by y, mo, w or d, not by '{Unit}'.", "Use {{ now }} for a time of day.", offset),
    };

    private DateTimeOffset Shift(DateTimeOffset moment) => Unit switch
    {
        "y" => moment.AddYears(Amount),
        "mo" => moment.AddMonths(Amount),
        "w" => moment.AddDays(7 * Amount),
        "d" => moment.AddDays(Amount),
        "h" => moment.AddHours(Amount),
        "m" => moment.AddMinutes(Amount),
        _ => moment.AddSeconds(Amount),
    };
}
