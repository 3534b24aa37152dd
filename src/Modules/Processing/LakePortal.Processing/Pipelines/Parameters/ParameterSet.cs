namespace LakePortal.Processing.Pipelines.Parameters;

/// <summary>The values that templates of one run may name: the built-in ones and the pipeline's own, in order of declaration.</summary>
internal sealed class ParameterSet
{
    private readonly Dictionary<string, ParameterValue> _values = new(StringComparer.Ordinal);
    private readonly List<string> _declared = [];

    /// <summary>Names that mean the same in every run and cannot be declared.</summary>
    public static readonly IReadOnlyList<string> BuiltIn = ["today", "yesterday", "now", "run_id", "pipeline"];

    private ParameterSet()
    {
    }

    public IReadOnlyList<string> Names => [.. _values.Keys];

    /// <summary>The pipeline's own parameters as text, for the run's record.</summary>
    public IReadOnlyDictionary<string, string> Declared => _declared.ToDictionary(n => n, n => _values[n].Text, StringComparer.Ordinal);

    /// <param name="at">The moment the run was asked for: a queued run keeps the day for which it was meant.</param>
    /// <param name="zone">Decides which day it is.</param>
    public static ParameterSet Start(string runId, string pipeline, DateTimeOffset at, TimeZoneInfo zone)
    {
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(at, zone).DateTime);
        var set = new ParameterSet();
        set._values["today"] = new ParameterValue.OfDate(today);
        set._values["yesterday"] = new ParameterValue.OfDate(today.AddDays(-1));
        set._values["now"] = new ParameterValue.OfMoment(at);
        set._values["run_id"] = new ParameterValue.OfText(runId);
        set._values["pipeline"] = new ParameterValue.OfText(pipeline);
        return set;
    }

    public ParameterValue? Find(string name) => _values.GetValueOrDefault(name);

    /// <summary>Adds a parameter: its default decides the type, the given text the value.</summary>
    /// <returns>Null when all is well; what is wanted, in words, when the text is not of the default's type.</returns>
    public string? Declare(string name, ParameterValue defaultValue, string? given)
    {
        // A text that is one template and nothing else has the type of its value: day: "{{ yesterday }}" is a date.
        var value = defaultValue is ParameterValue.OfText text ? TextTemplate.Evaluate(text.Value, this) : defaultValue;
        if (given is not null)
        {
            if (ParameterValue.Read(given, value) is not { } read)
            {
                _values[name] = value;
                return value.Wanted;
            }

            value = read;
        }

        _values[name] = value;
        _declared.Add(name);
        return null;
    }
}
