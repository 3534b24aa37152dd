using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Output;

namespace LakePortal.Cli.Commands;

internal static class StatusCommand
{
    private const int LastRuns = 5;
    private const int LongestCell = 60;
    private const int LongestLine = 300;

    private static readonly string[] RunColumns = ["id", "state", "trigger", "started_by", "started_at", "seconds", "error"];

    /// <summary>Kinds with a richer answer than their configuration.</summary>
    private static readonly Dictionary<string, string> DetailPaths = new(StringComparer.Ordinal)
    {
        ["sync"] = "/api/v1/syncs/{0}/status",
        ["pipeline"] = "/api/v1/pipelines/{0}/status",
        ["source"] = "/api/v1/sources/{0}/status",
        ["run"] = "/api/v1/runs/{0}",
        ["table"] = "/api/v1/tables/{0}",
        ["user"] = "/api/v1/users/{0}",
    };

    public static Command Build()
    {
        var what = new Argument<string?>("kind/name") { Description = "A kind (sync, pipeline, run, table, source …), or one object of it", Arity = ArgumentArity.ZeroOrOne };
        var format = new Option<OutputFormat>("--output", "-o") { Description = "Format", DefaultValueFactory = _ => OutputFormat.Table, HelpName = "table|json" };
        return new ServerCommand("status", "Show the server, a list, or one object; exit code 3 when the server is not healthy", what, format)
            .Does((parsed, api, cancellationToken) =>
            {
                var json = parsed.GetValue(format) is OutputFormat.Json or OutputFormat.Jsonl;
                var output = parsed.InvocationConfiguration.Output;
                return parsed.GetValue(what) is { } target
                    ? ShowAsync(api, target, json, output, cancellationToken)
                    : ShowServerAsync(api, json, output, cancellationToken);
            });
    }

    private static async Task<int> ShowServerAsync(ApiClient api, bool json, TextWriter output, CancellationToken cancellationToken)
    {
        var (status, body) = await api.ProbeAsync("/readyz", cancellationToken);
        var system = await api.GetAsync("/api/v1/system", cancellationToken);
        if (json)
        {
            output.WriteLine(JsonText.Pretty(new JsonObject
            {
                ["url"] = api.Url.ToString(),
                ["ready"] = status == 200,
                ["system"] = JsonNode.Parse(system.GetRawText()),
            }));
        }
        else
        {
            output.WriteLine($"{api.Url.GetLeftPart(UriPartial.Authority)} is {(status == 200 ? "ready" : $"not ready: {body}")}");
            Properties(system, "", output);
        }

        return status == 200 ? ExitCode.Done : ExitCode.No;
    }

    private static async Task<int> ShowAsync(ApiClient api, string target, bool json, TextWriter output, CancellationToken cancellationToken)
    {
        var (kind, name) = Split(target);
        if (name is null)
        {
            var list = await api.GetAsync($"/api/v1/{kind}s", cancellationToken);
            if (json)
            {
                output.WriteLine(JsonText.Pretty(list));
            }
            else
            {
                List(Listing.ItemsOf(list), output);
            }

            return ExitCode.Done;
        }

        var path = DetailPaths.GetValueOrDefault(kind, $"/api/v1/{kind}s/{{0}}");
        // A table's name is two segments of the path.
        var escaped = kind == "table" ? string.Join('/', name.Split('.', 2).Select(Uri.EscapeDataString)) : Uri.EscapeDataString(name);
        var answer = await api.GetAsync(path.Replace("{0}", escaped, StringComparison.Ordinal), cancellationToken);
        var runs = kind is "sync" or "pipeline"
            ? Listing.ItemsOf(await api.GetAsync($"/api/v1/runs?kind={kind}&name={escaped}&limit={LastRuns}", cancellationToken))
            : null;
        if (json)
        {
            output.WriteLine(runs is null ? JsonText.Pretty(answer) : JsonText.Pretty(WithRuns(answer, runs)));
            return ExitCode.Done;
        }

        Properties(answer, "", output);
        if (runs is { Count: > 0 })
        {
            output.WriteLine("runs:");
            TableWriter.Write(RunColumns, [.. runs.Select(RunRow)], output);
        }

        return ExitCode.Done;
    }

    private static JsonObject WithRuns(JsonElement answer, IEnumerable<JsonElement> runs)
    {
        var all = JsonObject.Create(answer)!;
        all["runs"] = new JsonArray([.. runs.Select(r => JsonNode.Parse(r.GetRawText()))]);
        return all;
    }

    private static Cell[] RunRow(JsonElement run)
    {
        var started = Time(run, "started_at");
        var seconds = started is not null && Time(run, "finished_at") is { } finished ? (finished - started.Value).TotalSeconds : (double?)null;
        return
        [
            Cell.Of(run.GetProperty("id")), Cell.Of(run.GetProperty("state")), Cell.Of(run.GetProperty("trigger")), Cell.Of(run.GetProperty("started_by")),
            Cell.Of(started is { } s ? s.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture) : ""),
            new Cell(seconds?.ToString("0.0", CultureInfo.InvariantCulture) ?? "", true),
            Cell.Of(run.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object ? $"{error.GetProperty("code")}: {error.GetProperty("message")}" : ""),
        ];
    }

    private static DateTimeOffset? Time(JsonElement run, string name) =>
        run.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetDateTimeOffset() : null;

    /// <summary><c>sync/shop_orders</c>, <c>syncs</c> and <c>sync</c> are all understood.</summary>
    public static (string Kind, string? Name) Split(string target)
    {
        var at = target.IndexOf('/', StringComparison.Ordinal);
        var kind = at < 0 ? target : target[..at];
        if (kind.Length == 0 || at == target.Length - 1 || !kind.All(c => char.IsAsciiLetterLower(c) || c == '-'))
        {
            throw new UsageException($"'{target}' names nothing.", "Write KIND or KIND/NAME: sync, sync/shop_orders, table/raw.shop_orders.");
        }

        return (at < 0 && kind.EndsWith('s') ? kind[..^1] : kind, at < 0 ? null : target[(at + 1)..]);
    }

    private static void List(IReadOnlyList<JsonElement> items, TextWriter output)
    {
        if (items.Count == 0)
        {
            output.WriteLine("(none)");
            return;
        }

        if (items.Any(item => item.ValueKind != JsonValueKind.Object))
        {
            TableWriter.Write(["name"], items.Select(item => new[] { Cell.Of(item) }).ToList(), output);
            return;
        }

        var columns = items[0].EnumerateObject()
            .Where(p => items.All(i => !i.TryGetProperty(p.Name, out var v) || v.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array)))
            .Select(p => p.Name).ToList();
        TableWriter.Write(columns, items.Select(item => columns.Select(c => item.TryGetProperty(c, out var v) ? Short(v, LongestCell) : Cell.Of("")).ToArray()).ToList(), output);
    }

    /// <summary>A statement of forty lines says nothing on one: its beginning is enough here, the rest is in export and in JSON.</summary>
    private static Cell Short(JsonElement value, int longest)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return Cell.Of(value);
        }

        var text = string.Join(' ', value.GetString()!.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return Cell.Of(text.Length <= longest ? text : $"{text[..(longest - 1)]}…");
    }

    internal static void Properties(JsonElement element, string prefix, TextWriter output)
    {
        foreach (var property in element.EnumerateObject())
        {
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Object:
                    Properties(property.Value, $"{prefix}{property.Name}.", output);
                    break;
                case JsonValueKind.Array when property.Value.EnumerateArray().Any(v => v.ValueKind == JsonValueKind.Object):
                    output.WriteLine($"{prefix}{property.Name}:");
                    List([.. property.Value.EnumerateArray()], output);
                    break;
                case JsonValueKind.Null:
                    break;
                default:
                    output.WriteLine($"{prefix}{property.Name}: {Short(property.Value, LongestLine).Text}");
                    break;
            }
        }
    }
}
