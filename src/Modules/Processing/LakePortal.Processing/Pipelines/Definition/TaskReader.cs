using LakePortal.Engine.Writing;
using LakePortal.Iceberg;
using LakePortal.Iceberg.Catalog;
using LakePortal.Kernel.Configuration;
using LakePortal.Processing.Pipelines.Parameters;

namespace LakePortal.Processing.Pipelines.Definition;

/// <summary>Reads and orders the tasks of one pipeline.</summary>
/// <param name="values">Sample values of all parameters, to check templates against.</param>
internal sealed class TaskReader(ProcessingOptions options, FaultList faults, ParameterSet values)
{
    private static readonly string[] Types = ["sql", "sync"];
    private static readonly string[] Writes = ["replace", "append", "merge"];
    private static readonly string[] SqlOnly = ["sql", "target", "write", "key", "partition_by"];
    private static readonly string[] SyncOnly = ["sync", "mode"];
    private static readonly TimeSpan DefaultRetryDelay = TimeSpan.FromSeconds(10);

    /// <summary>In topological order; incomplete when there are faults.</summary>
    public IReadOnlyList<PipelineTask> Read(IReadOnlyList<TaskDocument> documents)
    {
        var tasks = new Dictionary<string, PipelineTask>(StringComparer.Ordinal);
        var names = documents.Select(d => d.Name).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < documents.Count; i++)
        {
            var (document, path) = (documents[i], $"tasks[{i}]");
            CheckNames(documents, i, names);
            var task = ReadOne(document, path);
            if (task is not null)
            {
                tasks.TryAdd(document.Name, task);
            }
        }

        return faults.IsEmpty ? Sort(documents, tasks) : [];
    }

    private IReadOnlyList<PipelineTask> Sort(IReadOnlyList<TaskDocument> documents, Dictionary<string, PipelineTask> tasks)
    {
        var (order, cycle) = TaskGraph.Sort([.. documents.Select(d => KeyValuePair.Create(d.Name, d.After ?? []))]);
        if (cycle is null)
        {
            IReadOnlyList<PipelineTask> ordered = [.. order.Select(name => tasks[name])];
            CheckTargets(documents, ordered);
            return ordered;
        }

        var index = documents.Select((d, i) => (d.Name, i)).First(d => cycle.Contains(d.Name, StringComparer.Ordinal)).i;
        faults.Add($"tasks[{index}].after", $"The tasks wait for each other in a circle: {string.Join(" → ", cycle)}.", "Remove one of these dependencies.");
        return [];
    }

    /// <summary>Of two tasks that write one table at the same time, which one is seen last would be chance.</summary>
    private void CheckTargets(IReadOnlyList<TaskDocument> documents, IReadOnlyList<PipelineTask> ordered)
    {
        foreach (var writers in ordered.OfType<SqlTask>().GroupBy(t => t.Target.ToString(), StringComparer.OrdinalIgnoreCase).Select(g => g.ToList()))
        {
            for (var later = 1; later < writers.Count; later++)
            {
                var (before, task) = (writers[later - 1], writers[later]);
                if (!TaskGraph.Downstream(ordered, [before.Name]).Contains(task.Name))
                {
                    var index = documents.Select((d, i) => (d.Name, i)).First(d => d.Name == task.Name).i;
                    faults.Add($"tasks[{index}].target", $"The tasks '{before.Name}' and '{task.Name}' write {task.Target} and neither waits for the other.",
                        $"Add 'after: [{before.Name}]' to '{task.Name}', or give it another target.");
                }
            }
        }
    }

    private void CheckNames(IReadOnlyList<TaskDocument> documents, int index, HashSet<string> names)
    {
        var (document, path) = (documents[index], $"tasks[{index}]");
        if (!ConfigNames.IsValid(document.Name))
        {
            faults.Add($"{path}.name", $"'{document.Name}' cannot be the name of a task.", ConfigNames.Rule);
        }

        if (documents.Take(index).Any(d => d.Name == document.Name))
        {
            faults.Add($"{path}.name", $"There are two tasks named '{document.Name}'.", "Give each task its own name.");
        }

        foreach (var (after, i) in (document.After ?? []).Select((a, i) => (a, i)))
        {
            if (after == document.Name)
            {
                faults.Add($"{path}.after[{i}]", $"The task '{after}' waits for itself.", "Remove it from 'after'.");
            }
            else if (!names.Contains(after))
            {
                faults.Add($"{path}.after[{i}]", $"There is no task '{after}'.", Suggestion.For(after, names) ?? $"The tasks are {string.Join(", ", names)}.");
            }
        }
    }

    private PipelineTask? ReadOne(TaskDocument document, string path)
    {
        if (document.Retries is < 0 or > 100)
        {
            faults.Add($"{path}.retries", "'retries' must be between 0 and 100.", null);
        }

        if (document.Timeout is { } timeout && timeout <= TimeSpan.Zero)
        {
            faults.Add($"{path}.timeout", "'timeout' must be longer than nothing.", null);
        }

        if (document.Engine is not (null or "local"))
        {
            faults.Add($"{path}.engine", $"There is no engine '{document.Engine}'.", "Only 'local' is available.");
        }

        if (document.Checks is not null || document.OnCheckFailure is not null)
        {
            faults.Add($"{path}.{(document.Checks is null ? "on_check_failure" : "checks")}", "Checks are not available yet.",
                "Remove the key. A task can guard itself: SELECT … , CASE WHEN <bad> THEN error('why') END.");
        }

        var type = document.Type ?? (document.Sql is not null ? "sql" : document.Sync is not null ? "sync" : null);
        switch (type)
        {
            case "sql":
                Refuse(document, path, "sql", SyncOnly);
                return ReadSql(document, path);
            case "sync":
                Refuse(document, path, "sync", SqlOnly);
                return ReadSync(document, path);
            case null:
                faults.Add(path, $"The task '{document.Name}' says neither 'type', nor 'sql', nor 'sync'.", "Add 'sql: SELECT …' with a 'target', or 'sync: <name>'.");
                return null;
            default:
                faults.Add($"{path}.type", $"Tasks of type '{type}' are not available.",
                    $"Available are {string.Join(", ", Types)}. {Suggestion.For(type, Types)}".TrimEnd());
                return null;
        }
    }

    private void Refuse(TaskDocument document, string path, string type, string[] keys)
    {
        foreach (var key in keys.Where(k => IsGiven(document, k)))
        {
            faults.Add($"{path}.{key}", $"'{key}' means nothing to a task of type '{type}'.", "Remove it, or change the type.");
        }
    }

    private static bool IsGiven(TaskDocument document, string key) => key switch
    {
        "sql" => document.Sql is not null,
        "target" => document.Target is not null,
        "write" => document.Write is not null,
        "key" => document.Key is not null,
        "partition_by" => document.PartitionBy is not null,
        "sync" => document.Sync is not null,
        _ => document.Mode is not null,
    };

    private SyncTask? ReadSync(TaskDocument document, string path)
    {
        if (string.IsNullOrWhiteSpace(document.Sync))
        {
            faults.Add($"{path}.sync", "A sync task names the sync that it runs.", "Add 'sync: <name>'.");
            return null;
        }

        return new SyncTask(
            document.Name, document.After ?? [], document.Retries, document.RetryDelay ?? DefaultRetryDelay, document.Timeout, document.Sync, document.Mode);
    }

    private SqlTask? ReadSql(TaskDocument document, string path)
    {
        var target = ReadTarget(document, path);
        var write = ReadWrite(document, path);
        var template = ReadTemplate(document, path);
        var partitions = ReadPartitions(document, path);
        return target is null || write is null || template is null
            ? null
            : new SqlTask(
                document.Name, document.After ?? [], document.Retries, document.RetryDelay ?? DefaultRetryDelay, document.Timeout,
                document.Sql!, template, target.Value, write.Value, document.Key ?? [], partitions);
    }

    private TableIdentifier? ReadTarget(TaskDocument document, string path)
    {
        if (!TableIdentifier.TryParse(document.Target, out var target))
        {
            faults.Add($"{path}.target", document.Target is null ? "A sql task needs a target." : $"'{document.Target}' is not a table name.",
                "Add 'target: namespace.table', e.g. curated.sales_by_day.");
            return null;
        }

        if (!ConfigNames.IsValid(target.Name))
        {
            faults.Add($"{path}.target", $"'{target.Name}' cannot be the name of a table.", ConfigNames.Rule);
            return null;
        }

        if (!options.TargetNamespaces.Contains(target.Namespace, StringComparer.Ordinal))
        {
            faults.Add($"{path}.target", $"Pipelines do not write to '{target.Namespace}'.", $"Write to {string.Join(" or ", options.TargetNamespaces)}.");
            return null;
        }

        return target;
    }

    private WriteMode? ReadWrite(TaskDocument document, string path)
    {
        WriteMode? write = (document.Write ?? "replace") switch
        {
            "replace" => WriteMode.Replace,
            "append" => WriteMode.Append,
            "merge" => WriteMode.Merge,
            _ => null,
        };
        var key = document.Key ?? [];
        if (write is null)
        {
            faults.Add($"{path}.write", $"'{document.Write}' is not an available way of writing.",
                Suggestion.For(document.Write!, Writes) ?? $"Available are {string.Join(", ", Writes)}.");
        }
        else if (write == WriteMode.Merge && key.Count == 0)
        {
            faults.Add($"{path}.write", "'write: merge' needs a key.", "Add 'key: [column, …]': the columns that tell rows apart.");
        }

        if (key.Distinct(StringComparer.OrdinalIgnoreCase).Count() != key.Count)
        {
            faults.Add($"{path}.key", "The key names a column twice.", null);
        }

        return write;
    }

    private SqlTemplate? ReadTemplate(TaskDocument document, string path)
    {
        if (string.IsNullOrWhiteSpace(document.Sql))
        {
            faults.Add($"{path}.sql", "A sql task needs a SELECT statement.", "Add 'sql: SELECT …'.");
            return null;
        }

        try
        {
            var template = SqlTemplate.Parse(document.Sql);
            template.Render(values);
            return template;
        }
        catch (TemplateException exception)
        {
            var before = document.Sql.AsSpan(0, Math.Min(exception.Offset, document.Sql.Length));
            var line = before.Count('\n') + 1;
            faults.Add($"{path}.sql", $"Line {line}, column {before.Length - before.LastIndexOf('\n')}: {exception.Message}", exception.Hint);
            return null;
        }
    }

    private List<PartitionBy> ReadPartitions(TaskDocument document, string path)
    {
        var partitions = new List<PartitionBy>();
        foreach (var (text, index) in (document.PartitionBy ?? []).Select((t, i) => (t, i)))
        {
            if (PartitionByText.Read(text) is { } field)
            {
                partitions.Add(field);
            }
            else
            {
                faults.Add($"{path}.partition_by[{index}]", $"'{text}' is not a partition field.", PartitionByText.Forms);
            }
        }

        return partitions;
    }
}
