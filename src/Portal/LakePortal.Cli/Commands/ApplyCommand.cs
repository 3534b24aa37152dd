using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;

namespace LakePortal.Cli.Commands;

internal static class ApplyCommand
{
    public static Command Build()
    {
        var files = new Argument<string[]>("file") { Description = "YAML files, or folders of them", Arity = ArgumentArity.OneOrMore };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show what would change" };
        var prune = new Option<bool>("--prune") { Description = "Delete objects of the given kinds that are in no file" };
        return new ServerCommand("apply", "Apply YAML configuration and print what changed", files, dryRun, prune).Does(async (parsed, api, cancellationToken) =>
        {
            var texts = ReadTexts(parsed.GetValue(files)!);
            var changes = await SendAsync(api, texts, parsed.GetValue(dryRun), parsed.GetValue(prune), cancellationToken);
            Print(changes, parsed.InvocationConfiguration.Output);
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

    /// <summary>Files as given; folders give their YAML files, sub-folders included, in ordinal order.</summary>
    public static IReadOnlyList<(string Origin, string Content)> ReadTexts(IEnumerable<string> paths)
    {
        var texts = new List<(string, string)>();
        foreach (var path in paths)
        {
            if (Directory.Exists(path))
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

    public static void Print(JsonElement changes, TextWriter output)
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
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"Cannot read {path}: {e.Message}", null);
        }
    }
}
