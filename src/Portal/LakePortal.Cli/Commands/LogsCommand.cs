using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LakePortal.Cli.Client;

namespace LakePortal.Cli.Commands;

internal static class LogsCommand
{
    public static Command Build()
    {
        var run = new Argument<string>("run") { Description = "Id of the run" };
        return new ServerCommand("logs", "Print the log of a run, following it until the run has ended", run).Does(async (parsed, api, cancellationToken) =>
        {
            var id = Uri.EscapeDataString(parsed.GetValue(run)!);
            var output = parsed.InvocationConfiguration.Output;
            long after = 0;
            while (true)
            {
                // The state first: lines that come between the two requests are then still read.
                var ended = RunWatcher.HasEnded(await api.GetAsync($"/api/v1/runs/{id}", cancellationToken));
                var lines = LinesOf(await api.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/api/v1/runs/{id}/logs?after={after}"), cancellationToken));
                foreach (var line in lines)
                {
                    after = line.GetProperty("sequence").GetInt64();
                    output.WriteLine(Format(line));
                }

                if (ended && lines.Count == 0)
                {
                    return ExitCode.Done;
                }

                if (lines.Count == 0)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(300), cancellationToken);
                }
            }
        });
    }

    private static List<JsonElement> LinesOf(JsonElement answer) => Listing.ItemsOf(answer);

    private static string Format(JsonElement line)
    {
        var at = line.GetProperty("at").GetDateTimeOffset().ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var task = line.TryGetProperty("task", out var t) && t.ValueKind == JsonValueKind.String ? $" [{t.GetString()}]" : "";
        return $"{at} {line.GetProperty("level").GetString(),-11}{task} {line.GetProperty("message").GetString()}";
    }
}
