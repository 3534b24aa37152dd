using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;

namespace LakePortal.Cli.Commands;

internal static class ApplyCommand
{
    public static Command Build()
    {
        var files = new Argument<string[]>("file") { Description = "YAML files, folders of them, or - for the standard input", Arity = ArgumentArity.OneOrMore };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show what would change" };
        var prune = new Option<bool>("--prune") { Description = "Delete objects of the given kinds that are in no file" };
        return new ServerCommand("apply", "Apply YAML configuration and print what changed", files, dryRun, prune).Does(async (parsed, api, cancellationToken) =>
        {
            var texts = ReadTexts(parsed.GetValue(files)!, Console.In);
            var changes = await SendAsync(api, texts, parsed.GetValue(dryRun), parsed.GetValue(prune), cancellationToken);
            Print(changes, parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            return ExitCode.Done;
        });
    }

    public static async Task<JsonElement> SendAsync(
        ApiClient api, IReadOnlyList<(string Origin, string Content)> texts, bool dryRun, bool prune, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["texts"] = new JsonArray([.. texts.Select(t => (JsonNode)new JsonObject { ["origin"] = t.Origin, ["content"] = t.Content })]),
            ["dry_run"] = dryRun,
            ["prune"] = prune,
        };
        return (await api.PostAsync("/api/v1/apply", body, cancellationToken)).GetProperty("changes");
    }

    /// <summary>Files as given; folders give their YAML files, sub-folders included, in ordinal order; <c>-</c> is <paramref name="input"/>.</summary>
    public static IReadOnlyList<(string Origin, string Content)> ReadTexts(IEnumerable<string> paths, TextReader input)
    {
        var texts = new List<(string, string)>();
        foreach (var path in paths)
        {
            if (path == "-")
            {
                texts.Add(("-", ReadInput(input)));
            }
            else if (Directory.Exists(path))
            {
                var found = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                    .Where(f => Path.GetExtension(f) is ".yaml" or ".yml").Order(StringComparer.Ordinal).ToList();
                if (found.Count == 0)
                {
                    throw new UsageException($"There is no YAML file in {path}.", "Files end in .yaml or .yml.");
                }

                texts.AddRange(found.Select(f => (f, Read(f))));
            }
            else
            {
                texts.Add((path, Read(path)));
            }
        }

        return texts;
    }

    public static void Print(JsonElement changes, TextWriter output, TextWriter errors)
    {
        foreach (var change in changes.EnumerateArray())
        {
            var sign = change.GetProperty("action").GetString() switch
            {
                "create" => "+",
                "update" => "~",
                "delete" => "-",
                _ => "=",
            };
            var details = string.Join("; ", change.GetProperty("details").EnumerateArray().Select(d => d.GetString()));
            output.WriteLine($"{sign} {change.GetProperty("kind").GetString()}/{change.GetProperty("name").GetString()} {details}".TrimEnd());
        }

        foreach (var change in changes.EnumerateArray())
        {
            foreach (var warning in change.GetProperty("warnings").EnumerateArray())
            {
                errors.WriteLine($"warning: {change.GetProperty("kind").GetString()}/{change.GetProperty("name").GetString()}: {warning.GetString()}");
            }
        }
    }

    /// <summary>Nothing at all is what a pipe from a failed command gives: with <c>--prune</c> it must not count as "no objects".</summary>
    private static string ReadInput(TextReader input)
    {
        var text = input.ReadToEnd();
        return text.AsSpan().Trim().IsEmpty
            ? throw new UsageException("The standard input is empty; nothing was applied.", "Pipe YAML into it: ./lake export KIND/NAME | ./lake apply -")
            : text;
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"Cannot read {path}: {e.Message}", "Check the path and the rights of the file; - is the standard input.");
        }
    }
}
