using System.Text.Json.Nodes;
using LakePortal.Iceberg;
using LakePortal.Kernel.Configuration;
using LakePortal.Kernel.Errors;
using LakePortal.Kernel.Scheduling;
using LakePortal.Processing.Pipelines.Parameters;
using LakePortal.Processing.Storage;
using Microsoft.Extensions.Options;

namespace LakePortal.Processing.Pipelines.Definition;

/// <summary>From a document to a definition, or to every fault in it with its place.</summary>
internal sealed class PipelineReader(IOptions<ProcessingOptions> options)
{
    /// <summary>A pipeline as it was saved. It was valid then; options that have changed since may refuse it now.</summary>
    /// <exception cref="InvalidInputException">The saved document does not fit any more.</exception>
    public PipelineDefinition Read(PipelineRow row)
    {
        var document = new ConfigDocument(
            "pipeline", JsonNode.Parse(row.Document)!.AsObject(), null, new Dictionary<string, TextPosition>());
        return Read(document, ConfigBinder.Bind<PipelineDocument>(document));
    }

    /// <exception cref="InvalidInputException">With every fault.</exception>
    public PipelineDefinition Read(ConfigDocument document, PipelineDocument pipeline)
    {
        var faults = new FaultList(document);
        if (!ConfigNames.IsValid(pipeline.Name))
        {
            faults.Add("name", $"'{pipeline.Name}' cannot be the name of a pipeline.", ConfigNames.Rule);
        }

        if (pipeline.Concurrency is < 1 or > 16)
        {
            faults.Add("concurrency", "'concurrency' must be between 1 and 16.", null);
        }

        var (schedule, zone) = ReadSchedule(pipeline, faults);
        var parameters = ReadParameters(pipeline, zone, faults, out var values);
        var tasks = new TaskReader(options.Value, faults, values).Read(pipeline.Tasks ?? []);
        if (pipeline.Tasks is not { Count: > 0 })
        {
            faults.Add("tasks", "A pipeline needs at least one task.", "Add 'tasks:' with a '- name: …' in it.");
        }

        var watched = ReadWatched(pipeline, tasks, faults);
        return faults.IsEmpty
            ? new PipelineDefinition(
                pipeline.Name, schedule?.Expression, zone, watched, parameters, pipeline.Concurrency, pipeline.Overlap, tasks)
            : throw ConfigBinder.Invalid(document, faults.All);
    }

    private static (CronSchedule? Schedule, TimeZoneInfo Zone) ReadSchedule(PipelineDocument pipeline, FaultList faults)
    {
        try
        {
            // Without a schedule the zone still decides what day 'today' is; any expression serves to have it checked.
            var schedule = CronSchedule.Parse(pipeline.Schedule ?? "0 0 0 * * ?", pipeline.TimeZone);
            return (pipeline.Schedule is null ? null : schedule, schedule.TimeZone);
        }
        catch (InvalidInputException exception)
        {
            var zoneIsWrong = pipeline.TimeZone is not null && !TimeZoneInfo.TryFindSystemTimeZoneById(pipeline.TimeZone, out _);
            faults.Add(zoneIsWrong ? "timezone" : "schedule", exception.Message, exception.Hint);
            return (null, TimeZoneInfo.Utc);
        }
    }

    private static List<KeyValuePair<string, ParameterValue>> ReadParameters(
        PipelineDocument pipeline, TimeZoneInfo zone, FaultList faults, out ParameterSet values)
    {
        var parameters = new List<KeyValuePair<string, ParameterValue>>();

        // Any moment will do: what is checked here is that names exist and spans fit their types.
        values = ParameterSet.Start("0", pipeline.Name, DateTimeOffset.UnixEpoch, zone);
        foreach (var (name, node) in pipeline.Params ?? [])
        {
            var path = $"params.{name}";
            if (!ConfigNames.IsValid(name) || name.Contains('-', StringComparison.Ordinal))
            {
                faults.Add(path, $"'{name}' cannot be the name of a parameter.", "Use letters, digits and '_', starting with a letter.");
            }
            else if (ParameterSet.BuiltIn.Contains(name, StringComparer.Ordinal))
            {
                faults.Add(path, $"'{name}' is built in and cannot be declared.", "Choose another name.");
            }
            else if (ParameterValue.FromJson(node) is not { } value)
            {
                faults.Add(path, $"The parameter '{name}' must be a text, a number, true or false.", null);
            }
            else
            {
                try
                {
                    values.Declare(name, value, null);
                    parameters.Add(KeyValuePair.Create(name, value));
                }
                catch (TemplateException exception)
                {
                    faults.Add(path, exception.Message, exception.Hint);
                }
            }
        }

        return parameters;
    }

    private static List<TableIdentifier> ReadWatched(PipelineDocument pipeline, IReadOnlyList<PipelineTask> tasks, FaultList faults)
    {
        var watched = new List<TableIdentifier>();
        foreach (var (text, index) in (pipeline.WhenChanged ?? []).Select((t, i) => (t, i)))
        {
            var path = $"when_changed[{index}]";
            if (!TableIdentifier.TryParse(text, out var table))
            {
                faults.Add(path, $"'{text}' is not a table name.", "Write namespace.table, e.g. refined.shop_orders.");
            }
            else if (tasks.OfType<SqlTask>().Any(t => t.Target == table))
            {
                faults.Add(path, $"The pipeline writes '{text}' itself: it would start itself for ever.", "Wait for the tables that it reads.");
            }
            else if (!watched.Contains(table))
            {
                watched.Add(table);
            }
        }

        return watched;
    }
}

/// <summary>Faults of one document, each at its path.</summary>
internal sealed class FaultList(ConfigDocument document)
{
    private readonly List<InputFault> _faults = [];

    public IReadOnlyList<InputFault> All => _faults;

    public bool IsEmpty => _faults.Count == 0;

    public void Add(string path, string message, string? hint) => _faults.Add(ConfigBinder.Fault(document, path, message, hint));
}
