using System.Globalization;
using System.Text.Json;
using LakePortal.Cli.Output;

namespace LakePortal.Cli.Client;

/// <summary>Follows a run until it has ended, showing its moving numbers.</summary>
internal static class RunWatcher
{
    public static async Task<JsonElement> WaitAsync(ApiClient api, string runId, CancellationToken cancellationToken)
    {
        using var line = LiveLine.OnErrorOutput();
        // Short at first, because small runs end at once; then easy on the server.
        var pause = TimeSpan.FromMilliseconds(50);
        while (true)
        {
            var run = await api.GetAsync($"/api/v1/runs/{Uri.EscapeDataString(runId)}", cancellationToken);
            if (HasEnded(run))
            {
                return run;
            }

            line.Show(Describe(run));
            await Task.Delay(pause, cancellationToken);
            pause = TimeSpan.FromMilliseconds(Math.Min(500, pause.TotalMilliseconds * 1.5));
        }
    }

    public static bool HasEnded(JsonElement run) => State(run) is "succeeded" or "failed" or "cancelled";

    public static string State(JsonElement run) => run.GetProperty("state").GetString()!;

    /// <summary>Exit code and, for a failure, the reason on the error output.</summary>
    public static int Conclude(JsonElement run, TextWriter output, TextWriter errors)
    {
        output.WriteLine(JsonText.Pretty(run));
        if (State(run) == "succeeded")
        {
            return ExitCode.Done;
        }

        var (message, hint) = Failure(run);
        errors.WriteLine($"error: {message}");
        if (hint is not null)
        {
            errors.WriteLine($"hint: {hint}");
        }

        return ExitCode.Failed;
    }

    public static (string Message, string? Hint) Failure(JsonElement run) =>
        run.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
            ? (error.GetProperty("message").GetString()!, error.TryGetProperty("hint", out var hint) ? hint.GetString() : null)
            : ($"The run is {State(run)}.", null);

    private static string Describe(JsonElement run)
    {
        if (!run.TryGetProperty("progress", out var progress) || progress.ValueKind != JsonValueKind.Object)
        {
            return State(run);
        }

        var rows = progress.GetProperty("rows").GetInt64();
        var rate = progress.GetProperty("rows_per_second").GetDouble();
        var text = string.Create(CultureInfo.InvariantCulture, $"{progress.GetProperty("phase").GetString()}: {rows:N0}");
        if (progress.TryGetProperty("total_rows", out var total) && total.ValueKind == JsonValueKind.Number)
        {
            var about = progress.TryGetProperty("is_estimate", out var estimate) && estimate.GetBoolean() ? "about " : "";
            text += string.Create(CultureInfo.InvariantCulture, $" of {about}{total.GetInt64():N0}");
        }

        return text + string.Create(CultureInfo.InvariantCulture, $" rows, {rate:N0}/s");
    }
}
