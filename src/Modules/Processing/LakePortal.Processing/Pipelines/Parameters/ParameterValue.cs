using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LakePortal.Processing.Pipelines.Parameters;

/// <summary>A typed value of a parameter. Knows its readable text and its SQL literal; a literal can never end early, whatever the value holds.</summary>
internal abstract record ParameterValue
{
    /// <summary>As shown in the portal and as put inside a quoted string (still to be escaped there).</summary>
    public abstract string Text { get; }

    /// <summary>A complete SQL literal.</summary>
    public abstract string Literal { get; }

    public sealed record OfText(string Value) : ParameterValue
    {
        public override string Text => Value;

        // A NUL would end the statement's text early in the engine's C interface.
        public override string Literal => Value.Contains('\0', StringComparison.Ordinal)
            ? throw new TemplateException("A parameter holds the character NUL.", "Remove it.", 0)
            : $"'{Value.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    public sealed record OfNumber(decimal Value) : ParameterValue
    {
        public override string Text => Value.ToString(CultureInfo.InvariantCulture);

        public override string Literal => Text;
    }

    public sealed record OfFlag(bool Value) : ParameterValue
    {
        public override string Text => Value ? "true" : "false";

        public override string Literal => Text;
    }

    public sealed record OfDate(DateOnly Value) : ParameterValue
    {
        public override string Text => Value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        public override string Literal => $"DATE '{Text}'";
    }

    public sealed record OfMoment(DateTimeOffset Value) : ParameterValue
    {
        public override string Text => Value.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", CultureInfo.InvariantCulture);

        public override string Literal => $"TIMESTAMPTZ '{Text}'";
    }

    public sealed record OfNothing : ParameterValue
    {
        public override string Text => "";

        public override string Literal => "NULL";
    }

    /// <summary>The value of a JSON scalar; null when it is an object or an array, or a number outside of 28 digits.</summary>
    public static ParameterValue? FromJson(JsonNode? node) => node?.GetValueKind() switch
    {
        null or JsonValueKind.Null => new OfNothing(),
        JsonValueKind.String => new OfText((string)node!),
        JsonValueKind.True => new OfFlag(true),
        JsonValueKind.False => new OfFlag(false),
        JsonValueKind.Number => decimal.TryParse(node!.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? new OfNumber(number) : null,
        _ => null,
    };

    /// <summary>Reads what a person gave for a parameter, as a value of the same type as its default; null when it is none.</summary>
    public static ParameterValue? Read(string text, ParameterValue like) => like switch
    {
        OfNumber => decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? new OfNumber(number) : null,
        OfFlag => bool.TryParse(text, out var flag) ? new OfFlag(flag) : null,
        OfDate => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? new OfDate(date) : null,
        OfMoment => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? new OfMoment(moment) : null,
        _ => new OfText(text),
    };

    /// <summary>What <see cref="Read"/> wants, in words.</summary>
    public string Wanted => this switch
    {
        OfNumber => "a number",
        OfFlag => "true or false",
        OfDate => "a date like 2026-01-31",
        OfMoment => "a time like 2026-01-31T10:00:00Z",
        _ => "a text",
    };
}
