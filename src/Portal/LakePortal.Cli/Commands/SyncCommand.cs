using System.CommandLine;
using System.Text.Json.Nodes;
using LakePortal.Cli.Client;
using LakePortal.Cli.Output;

namespace LakePortal.Cli.Commands;

internal static class SyncCommand
{
    public static Command Build()
    {
        var name = new Argument<string>("name") { Description = "The sync" };
        var mode = new Option<string?>("--mode") { Description = "Mode for this run; 'full' reloads an incremental sync from the start", HelpName = "MODE" };
        var wait = new Option<bool>("--wait") { Description = "Wait for the end; without it the exit code is 1 only when the run has failed at once" };
        var command = new ServerCommand("sync", "Run a sync", name, mode, wait).Does(async (parsed, api, cancellationToken) =>
        {
            var runId = await StartAsync(api, parsed.GetValue(name)!, parsed.GetValue(mode), cancellationToken);
            return await FollowAsync(parsed, api, runId, parsed.GetValue(wait), cancellationToken);
        });
        command.Add(Backfill());
        command.Add(Replay());
        return command;
    }

    private static Command Backfill()
    {
        var name = new Argument<string>("name") { Description = "A sync that follows its changes" };
        var column = new Option<string?>("--column") { Description = "Column whose values make the window (default: the first of the key)", HelpName = "COLUMN" };
        var from = new Option<string?>("--from") { Description = "First value, inclusive", HelpName = "VALUE" };
        var to = new Option<string?>("--to") { Description = "Last value, exclusive", HelpName = "VALUE" };
        return new ServerCommand("backfill", "Bring a window of a table in line with its source; later changes win", name, column, from, to).Does((parsed, api, cancellationToken) =>
        {
            var body = new JsonObject { ["column"] = parsed.GetValue(column), ["from"] = parsed.GetValue(from), ["to"] = parsed.GetValue(to) };
            return ReconcileCommand.FollowAsync(parsed, api, $"/api/v1/syncs/{Uri.EscapeDataString(parsed.GetValue(name)!)}/backfill", body, isLine: false, cancellationToken);
        });
    }

    private static Command Replay()
    {
        var name = new Argument<string>("name") { Description = "A sync with dead letters" };
        var position = new Option<string[]>("--position") { Description = "Only the letter at this position (repeatable; default: all that are open)", HelpName = "POSITION", Arity = ArgumentArity.ZeroOrMore };
        return new ServerCommand("replay", "Replay dead letters", name, position).Does((parsed, api, cancellationToken) =>
        {
            var body = new JsonObject();
            if (parsed.GetValue(position) is { Length: > 0 } positions)
            {
                body["positions"] = new JsonArray([.. positions.Select(p => (JsonNode)p)]);
            }

            return ReconcileCommand.FollowAsync(parsed, api, $"/api/v1/syncs/{Uri.EscapeDataString(parsed.GetValue(name)!)}/dead-letters/replay", body, isLine: false, cancellationToken);
        });
    }

    public static async Task<string> StartAsync(ApiClient api, string name, string? mode, CancellationToken cancellationToken)
    {
        var body = new JsonObject();
        if (mode is not null)
        {
            body["mode"] = mode;
        }

        var answer = await api.PostAsync($"/api/v1/syncs/{Uri.EscapeDataString(name)}/run", body, cancellationToken);
        return answer.GetProperty("run_id").GetString()!;
    }

    public static async Task<int> FollowAsync(ParseResult parsed, ApiClient api, string runId, bool wait, CancellationToken cancellationToken)
    {
        var output = parsed.InvocationConfiguration.Output;
        if (!wait)
        {
            var started = await api.GetAsync($"/api/v1/runs/{runId}", cancellationToken);
            if (RunWatcher.HasEnded(started))
            {
                return RunWatcher.Conclude(started, output, parsed.InvocationConfiguration.Error);
            }

            output.WriteLine(JsonText.Pretty(started));
            return ExitCode.Done;
        }

        var run = await RunWatcher.WaitAsync(api, runId, cancellationToken);
        return RunWatcher.Conclude(run, output, parsed.InvocationConfiguration.Error);
    }
}
